//! Runs the simulation from the command line.

fn main() -> anyhow::Result<()> {
    sim::main(std::env::args().skip(1))
}
