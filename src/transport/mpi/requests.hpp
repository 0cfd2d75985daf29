#pragma once
// What the channels share. Requests that are tested together are plain MPI requests: Boost.MPI's test_some() makes one
// MPI_Test per request, and each MPI_Test runs the whole progress engine.

#include <mpi.h>

#include <string>

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

}  // namespace stemma::mpi_detail
