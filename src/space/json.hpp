#pragma once
#include <string>

#include "space/search_space.hpp"

namespace stemma {

/// The space as one line of JSON, so that a reader of a run file can decode its columns. Its keys:
/// * parameters, in order; each has name, type ("real", "integer", "categorical", "ordinal", "constant"), role, and
///   low, high, scale, step (null: none), or "choices" (a stored Choice is an index into the list); default (null:
///   none); when: [{"parameter": "optimizer", "any_of": ["sgd"]}];
/// * forbidden: a list of clauses, each a list like `when`.
std::string space_json(const SearchSpace& space);

}  // namespace stemma
