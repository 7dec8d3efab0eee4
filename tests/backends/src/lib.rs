//! Our parser alone, so that it can be built for one CPU back-end in seconds.
//!
//! simd-json is built without its choice at run time here, so the compiler's target features choose.
//! The parser's files are those of the product, by their path; nothing is copied.

pub mod record;

/// The back-end that was built.
pub fn backend() -> String {
    simd_json::Deserializer::algorithm().to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_back_end_is_the_one_that_was_asked_for() {
        // `run` says which one it asked for.
        if let Ok(wanted) = std::env::var("QUALWATCH_BACKEND") {
            assert_eq!(super::backend(), wanted);
        }
    }
}
