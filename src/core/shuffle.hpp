#pragma once
#include <utility>

#include "core/rng.hpp"

namespace stemma {

/// Puts the values (a vector) into an order drawn from `stream`, each one with the same probability (Fisher and Yates).
/// The order is part of a record's meaning: it never changes for a stream.
template <class Values>
void shuffle(Values& values, Stream& stream) {
    for (auto left = values.size(); left > 1; --left) std::swap(values[left - 1], values[stream.below(left)]);
}

}  // namespace stemma
