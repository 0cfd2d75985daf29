#pragma once
// The encoding of inputs and decisions, for people and for Python. It comes from the lists of fields of the codec
// (fields.hpp).

#include <string>

namespace stemma::record {

/// A section of docs/SCHEMA.md.
std::string payload_markdown();
/// INPUT_FIELDS and EFFECT_FIELDS of analysis/stemma/schema.py.
std::string payload_python();

}  // namespace stemma::record
