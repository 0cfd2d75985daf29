#pragma once
// What the channels share. Requests that are tested together are plain MPI requests: Boost.MPI's test_some() makes one
// MPI_Test per request, and each MPI_Test runs the whole progress engine.

#include <mpi.h>

#include <cstddef>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "core/error.hpp"

namespace stemma::mpi_detail {

inline std::string error_text(int code) {
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(code, text, &length);
    return {text, static_cast<std::size_t>(length)};
}

/// For calls that can only fail through a bug in Stemma.
inline void check(int code, const char* what) {
    if (code != MPI_SUCCESS) throw InternalError(std::string(what) + ": " + error_text(code));
}

/// Memory that MPI may still access is never freed. Needs no memory itself.
template <class T>
void leave_to_mpi(T& memory) noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T>);
    alignas(T) std::byte place[sizeof(T)];
    new (place) T(std::move(memory));  // never destroyed
}

}  // namespace stemma::mpi_detail
