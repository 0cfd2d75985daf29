#include "core/error.hpp"

namespace stemma::detail {

void fail_ensure(std::string_view what, const std::source_location& where) {
    throw InternalError(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": in " +
                        where.function_name() + ": " + std::string(what) +
                        " (this is a bug in Stemma; please report it with the run file)");
}

}  // namespace stemma::detail
