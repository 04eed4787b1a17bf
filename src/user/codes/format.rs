//! In which of three forms a client would like a code (`Accept`, RFC 9110 §12.5.1).

use crate::language::preferred;

/// The form of a code's representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeFormat {
    /// Everything about it; for whoever does not say.
    Json,
    /// A picture that scales.
    Svg,
    /// A picture of pixels.
    Png,
}

impl CodeFormat {
    /// The form that an `Accept` value prefers. Who accepts none of the three gets JSON, which says
    /// more than a refusal would.
    pub(super) fn negotiate(accept: &str) -> Self {
        preferred(accept, Self::of_range).unwrap_or(Self::Json)
    }

    fn of_range(range: &str) -> Option<Self> {
        match range.to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "image/svg+xml" | "image/*" => Some(Self::Svg),
            "image/png" => Some(Self::Png),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_of_the_three_forms_wins() {
        let negotiate = CodeFormat::negotiate;
        assert_eq!(negotiate("image/png"), CodeFormat::Png);
        assert_eq!(negotiate("image/png;q=0.5, image/svg+xml"), CodeFormat::Svg);
        assert_eq!(negotiate("image/avif,image/webp,image/*,*/*;q=0.8"), CodeFormat::Svg);
        assert_eq!(negotiate("IMAGE/PNG, */*;q=0.1"), CodeFormat::Png);
    }

    #[test]
    fn whoever_does_not_say_gets_json() {
        for accept in ["", "*/*", "text/html", "image/png;q=0", "application/json"] {
            assert_eq!(CodeFormat::negotiate(accept), CodeFormat::Json, "{accept:?}");
        }
    }
}
