//! The simulated store is one as Slipway assumes, while nothing fails.

use std::{cell::RefCell, rc::Rc};

use crate::{Options, Storm, kernel::MINUTE, port::Port, seed};

#[test]
fn the_simulated_store_is_as_assumed() {
    let calm = Options {
        storm: Storm::Calm,
        ..Options::default()
    };
    let sim = Rc::new(seed::make(1, &calm, false));
    let broken = Rc::new(RefCell::new(None));
    let [one, other] = [0, 1].map(|instance| Port {
        sim: Rc::clone(&sim),
        instance,
    });
    let told = Rc::clone(&broken);
    sim.kernel.spawn(0, async move {
        let found = store_contract::broken(&one, &other).await;
        *told.borrow_mut() = Some(found);
    });
    assert!(
        sim.kernel.run_until(60 * MINUTE),
        "{:?}",
        sim.violation.borrow()
    );
    let broken = broken
        .borrow_mut()
        .take()
        .expect("the checks came to an end");
    assert!(broken.is_empty(), "{broken:#?}");
    sim.kernel.clear();
}
