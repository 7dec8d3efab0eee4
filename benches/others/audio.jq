# The rule on audio streams, as one would write it for jq and jaq: prints the ids of call and stream.
def number: if type == "number" then . else null end;
def seconds: . // "0" | tonumber;
def ms:
  if type != "string" then null
  else
    (ltrimstr("PT") | rtrimstr("S")) as $rest
    | [$rest | tonumber?] as $plain
    | if $plain != [] then $plain[0] * 1000
      else
        [$rest | capture("^((?<h>[0-9]+)H)?((?<m>[0-9]+)M)?(?<s>[0-9.]+)?$")]
        | if . == [] then null
          else .[0] | ((.h | seconds) * 3600 + (.m | seconds) * 60 + (.s | seconds)) * 1000
          end
      end
  end;
.id as $call
| .sessions[]?.segments[]?.media[]?
| select(.label == "main-audio")
| .streams[]?
| select(
    (.packetUtilization | number) > 500
    and ((.averagePacketLossRate | number) > 0.1
      or (.averageJitter | ms) > 30
      or (.averageRoundTripTime | ms) > 500
      or (.averageAudioDegradation | number) > 1.0
      or (.averageRatioOfConcealedSamples | number) > 0.07)
  )
| "\($call) \(.streamId)"
