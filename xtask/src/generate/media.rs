//! Writes media: label, networks and devices of both ends, the two streams.
//!
//! Which media a session has is drawn, and forced where something is planted in
//! one. Networks, devices and streams are written by their own files.

use super::call::Writer;
use super::endpoint::Person;
use super::stream::Medium;

/// What goes wrong, or is undeclared, in the media of a session.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Oddities {
    pub(crate) fault: Option<u64>,
    pub(crate) notice: Option<u64>,
}

impl Writer {
    /// `media` of the segment at `at`; `session` when plants belong here.
    pub(crate) fn all_media(
        &mut self,
        at: &str,
        session: Option<u32>,
        ends: (&Person, Option<&Person>),
        fault: Option<u64>,
        notice: Option<u64>,
    ) {
        self.json.field_open("media", '[');
        let recipe = &self.recipe;
        let has = |set: super::recipe::Sessions| session.is_some_and(|index| set.has(index));
        let odd = fault.is_some() || notice.is_some() || has(recipe.gated);
        let (audio, video) = (has(recipe.poor_audio), has(recipe.poor_video));
        let sharing = has(recipe.poor_screen_sharing);
        let mute = has(recipe.failed) && !(odd || audio || video || sharing);
        if !(self.recipe.silent || mute && self.random.per_mille(400)) {
            let gated = has(self.recipe.gated);
            let voice_only = self.recipe.pstn;
            let oddities = Oddities { fault, notice };
            let mut index = 0;
            let media = [
                (Medium::Audio, 1000, audio),
                (Medium::Video, if voice_only { 0 } else { 400 }, video),
                (Medium::Sharing, if voice_only { 0 } else { 200 }, sharing),
                (Medium::Data, 60, matches!(fault, Some(5 | 6))),
            ];
            for (medium, share, wanted) in media {
                // The draw comes first: a plant must not move the dice.
                if self.random.per_mille(share) || wanted {
                    let at = format!("{at}/media/{index}");
                    let own = session.map(|_| oddities).unwrap_or_default();
                    self.media(&at, medium, ends, (wanted, gated), own);
                    index += 1;
                }
            }
        }
        self.json.close(']');
    }

    fn media(
        &mut self,
        at: &str,
        medium: Medium,
        (caller, callee): (&Person, Option<&Person>),
        (poor, gated): (bool, bool),
        odd: Oddities,
    ) {
        let here = if medium == Medium::Audio {
            odd
        } else {
            Oddities::default()
        };
        self.json.open('{');
        self.json.string_field("label", medium.label());
        self.network("callerNetwork", Some(caller), at, here);
        self.network("calleeNetwork", callee, at, Oddities::default());
        self.device("callerDevice", caller, at, here);
        match callee {
            Some(callee) => self.device("calleeDevice", callee, at, Oddities::default()),
            None => self.json.null_field("calleeDevice"),
        }
        self.json.field_open("streams", '[');
        let fault = (medium == Medium::Data).then_some(odd.fault).flatten();
        let poor = poor && medium != Medium::Data;
        // Either direction or both.
        let mask = if poor { self.random.within(1, 3) } else { 0 };
        for direction in 0..2_u64 {
            let at = format!("{at}/streams/{direction}");
            let poor = mask >> direction & 1 == 1;
            self.stream(&at, medium, direction == 1, poor, gated && !poor, fault);
        }
        self.json.close(']');
        self.json.close('}');
    }
}
