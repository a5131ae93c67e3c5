//! The part of a URL after `?`.

use std::{fmt::Display, str::FromStr};

use inbox::Status;
use url::form_urlencoded;

use crate::Problem;

/// The parameters, in order.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(text: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The value of `name`; none if it is not given. Refuses one that is given twice.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Problem::bad_request(format!(
                "the parameter {name} is given twice"
            )));
        }
        Ok(value)
    }

    /// Refuses parameters that the route does not know: a misspelt filter must not silently show everything.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some((name, _)) => Err(Problem::bad_request(format!(
                "there is no parameter {name:?} here; there is {}",
                known.join(", ")
            ))),
        }
    }

    pub(crate) fn status(&self) -> Result<Option<Status>, Problem> {
        let Some(text) = self.one("status")? else {
            return Ok(None);
        };
        let found = Status::ALL.into_iter().find(|status| status.name() == text);
        found.map(Some).ok_or_else(|| {
            let known = Status::ALL.map(Status::name).join(", ");
            Problem::bad_request(format!(
                "the parameter status is {text:?}, expected one of {known}"
            ))
        })
    }

    /// How many are wanted on a page: from 1 to `most`, or else `most`.
    pub(crate) fn limit(&self, most: usize) -> Result<usize, Problem> {
        Ok(self.number("limit", most)?.unwrap_or(most))
    }

    /// The number in `name` from 1 to `most`; none if it is not given.
    pub(crate) fn number<N>(&self, name: &str, most: N) -> Result<Option<N>, Problem>
    where
        N: FromStr + PartialOrd + From<u8> + Display,
    {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        match text.parse::<N>() {
            Ok(number) if number >= N::from(1) && number <= most => Ok(Some(number)),
            Ok(_) | Err(_) => Err(Problem::bad_request(format!(
                "the parameter {name} is {text:?}, expected a whole number from 1 to {most}"
            ))),
        }
    }
}
