#pragma once
// A field that formats of today have and older formats lack.

#include <optional>

namespace stemma {

/// The last field of a stored struct. Empty only where the struct was read from a file of an older format.
template <class T>
struct Tail : std::optional<T> {
    using std::optional<T>::optional;
};

}  // namespace stemma
