#pragma once
// A hyperparameter's value as bytes, the same in messages and in records: a byte for its kind, then the value.

#include "core/bytes.hpp"
#include "space/configuration.hpp"

namespace stemma {

void put_value(ByteWriter& out, const Value& value);
/// Throws DecodeError on a kind that there is not, or at the end.
void get_value(ByteReader& in, Value& value);

/// A byte other than 0 and 1 copied into a bool would be undefined behaviour: throws DecodeError.
bool get_truth(ByteReader& in);

}  // namespace stemma
