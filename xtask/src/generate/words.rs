//! The words of which documents are made, in JSON's spelling: what needs an
//! escape has it here.
//!
//! Invented people and machines; no text comes from a real tenant.

/// Display names: plain, accented, escaped, right to left, astral, hostile to terminals.
pub(crate) const NAMES: &[&str] = &[
    "Abbie Wilkins",
    "Owen Franklin",
    "Richard Malk",
    "Ida Lindqvist",
    "Tomás Núñez",
    "Zo\\u00eb Müller",
    "Conf Room 4/2 \\\"Aula\\\"",
    "李 伟",
    "מיכל לוי",
    "External user",
    "Ngozi Okafor",
    "Dana 😀 Reyes",
    "O'Brien, Pat (Ext.)",
    "Jürgen Groß",
    "Mary\\\\Ann Poe",
    "Priya Raman",
    "Sam Ito",
    "Lena Hoff",
    "\\u001b[31mRed\\u001b[0m",
    "",
];
/// User principal names.
pub(crate) const UPNS: &[&str] = &[
    "abbie.wilkins@contoso.com",
    "owen.franklin@contoso.com",
    "r.malk@contoso.com",
    "ida@fabrikam.example",
    "lena.hoff_ext#EXT#@contoso.com",
];
/// Client platforms beside a user-agent header that fits.
pub(crate) const CLIENTS: &[(&str, &str, &str)] = &[
    (
        "windows",
        "teams",
        "CallSignalingAgent (27/1.5.00.3369//;release_2022/1.5.00.3369;2022/03/11)",
    ),
    (
        "windows",
        "teams",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Teams/24033.811.2738.2546/49",
    ),
    (
        "windows",
        "skypeForBusiness",
        "UCCAPI/16.0.12527.20122 OC/16.0.12527.20194 (Skype for Business)",
    ),
    (
        "android",
        "skypeForBusiness",
        "RTCC/7.0.0.0 UCWA/7.0.0.0 AndroidLync/6.25.0.27 (SM-G930U Android 8.0.0)",
    ),
    (
        "macOS",
        "teams",
        "CallSignalingAgent (29/1.6.00.12455//;release_2023/1.6.00.12455;2023/05/20)",
    ),
    (
        "iOS",
        "teams",
        "CallSignalingAgent (28/5.20.1//;iphone/17.4.1;release/5.20.1.2023120502)",
    ),
    (
        "web",
        "teams",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/119.0.0.0 Safari/537.36",
    ),
    (
        "ipPhone",
        "teams",
        "Polycom/CCX500/7.2.1.0152 SkypeSpaces/1449/1.0.94.2023",
    ),
    ("roomSystem", "teams", "MTR/4.18"),
    ("surfaceHub", "teams", ""),
    ("web", "azureCommunicationServices", "ACS/1.18.1"),
    ("unknown", "unknown", ""),
];
/// Application versions.
pub(crate) const VERSIONS: &[&str] = &["16.0.12527.20122", "1.5.00.3369", "27/1.4.0", "24033.811"];
/// Computer names and processors.
pub(crate) const MACHINES: &[(&str, &str)] = &[
    ("DESKTOP-4QK2", "Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz"),
    ("machineName_1", "AMD EPYC 7452 32-Core Processor"),
    ("LAP-0193", "Apple M2"),
    ("vdi-77", "Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz"),
];
/// Microphones, loudspeakers, and their driver.
pub(crate) const DEVICES: &[(&str, &str, &str)] = &[
    (
        "Default input device",
        "Default output device",
        "Microsoft: 10.0.19041.1",
    ),
    (
        "Microphone (Microsoft Virtual Audio Device (Simple) (WDM))",
        "Speakers (Microsoft Virtual Audio Device (Simple) (WDM))",
        "Microsoft: 5.0.8638",
    ),
    (
        "Headset Microphone (Jabra EVOLVE LINK MS)",
        "Headset Microphone (Jabra EVOLVE LINK MS)",
        "Microsoft: 10.0.22621.1",
    ),
    (
        "Mikrofonarray (Realtek\\u00ae High Definition Audio)",
        "Lautsprecher (Realtek\\u00ae High Definition Audio)",
        "Realtek Semiconductor Corp.: 6.0.9071.1",
    ),
    ("", "", ""),
];
/// Failure stages and reasons; the reason is JSON.
pub(crate) const FAILURES: &[(&str, &str)] = &[
    ("callSetup", "\"Media connectivity failure.\""),
    (
        "midcall",
        "\"Call was lost due to \\\"network\\\" outage.\"",
    ),
    ("callSetup", "null"),
    ("midcall", "\"\\u5207\\u65ad\""),
];
/// Free text of feedback; JSON.
pub(crate) const COMMENTS: &[&str] = &[
    "null",
    "null",
    "null",
    "\"\"",
    "\"It was <b>bad</b>\\nvery\"",
    "\"Écho…\"",
];
/// Feedback tokens; `NoSound` is first and never true here.
pub(crate) const TOKENS: &[&str] = &[
    "NoSound",
    "OtherNoSound",
    "Echo",
    "Noisy",
    "LowVolume",
    "Stopped",
    "DistortedSound",
    "Interruptions",
];
/// Roles of a service endpoint on the telephone network's side.
pub(crate) const PSTN_ROLES: &[&str] = &[
    "gateway",
    "mediationServer",
    "mediationServerCloudConnectorEdition",
];
/// DNS suffixes; JSON.
pub(crate) const SUFFIXES: &[&str] = &[
    "null",
    "null",
    "\"\"",
    "\"corp.emea.contoso.com\"",
    "\"wlan.fabrikam.example\"",
];
