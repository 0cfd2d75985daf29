#pragma once
// `stemma conform`: tries a program against docs/process-protocol.md.

#include <string>
#include <vector>

#include "trainer/process/process_trainer.hpp"

namespace stemma {

enum class Conformance : std::uint8_t {
    ok,
    note,    ///< allowed, but worth knowing
    failed,  ///< the program breaks the protocol
};
struct ConformanceCheck {
    std::string what;
    Conformance result = Conformance::ok;
    std::string detail = {};
};

struct ConformanceCase {
    ProcessSettings settings;
    const SearchSpace* space = nullptr;
    Configuration configuration;
    Resource units = 2;  ///< to train to, >= 2
};

/// Starts the program a few times and trains one configuration: about 6 * units units of training in all. Never throws
/// for what the program does.
std::vector<ConformanceCheck> conform(const ConformanceCase& given, std::shared_ptr<ChildStarter> starter);

}  // namespace stemma
