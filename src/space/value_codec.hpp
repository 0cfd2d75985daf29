#pragma once
// A hyperparameter's value as bytes, the same in messages and in records: a byte for its kind, then the value.

#include "core/bytes.hpp"
#include "space/configuration.hpp"

namespace stemma {

void put_value(ByteWriter& out, const Value& value);
/// Throws DecodeError on an unknown kind, or at the end.
void get_value(ByteReader& in, Value& value);

/// Throws DecodeError for a byte other than 0 and 1: copied into a bool, such a byte would be undefined behavior.
bool get_truth(ByteReader& in);

}  // namespace stemma
