#pragma once
// How inputs and decisions are encoded, for people and for Python: said by the same lists of fields (fields.hpp) that
// the codec goes by.

#include <string>

namespace stemma {

/// A section of docs/SCHEMA.md.
std::string payload_markdown();
/// INPUT_FIELDS and EFFECT_FIELDS of analysis/stemma/schema.py.
std::string payload_python();

}  // namespace stemma
