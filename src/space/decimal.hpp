#pragma once
// Real hyperparameters are short decimal numbers. The printed value is exactly the trained value. A value survives the
// way to the unit cube and back exactly. The last bits of a platform's exp() and log() do not reach the record.

namespace stemma {

/// The number digits * 10^-places as the nearest double; `digits` is integral, |digits| < 2^53. About 3 ns for |places|
/// <= 22.
double decimal(double digits, int places);

/// `value` rounded to `places` decimal places (negative: to tens, hundreds, ...).
double round_decimal(double value, int places);

/// floor(log10(|value|)); value != 0.
int decimal_exponent(double value);

}  // namespace stemma
