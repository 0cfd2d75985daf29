#pragma once
// `stemma conform`: tests a program against docs/process-protocol.md.

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

/// A child's configuration: the configuration of the case except for one parameter.
struct ConformanceChange {
    std::size_t parameter = 0;
    Configuration configuration;
};

struct ConformanceCase {
    ProcessSettings settings;
    const SearchSpace* space = nullptr;
    Configuration configuration;
    Resource units = 2;                           ///< to train to, >= 2
    std::vector<ConformanceChange> changes = {};  ///< tried one by one in children that adopt a snapshot
};

/// The hyperparameters in which children may differ from `configuration`, each with another allowed value.
std::vector<ConformanceChange> changes_of_children(const SearchSpace& space, const Configuration& configuration);

/// Starts the program a few times. Trains one configuration and its children: about (7 + changes) * units units of
/// training in all, and 3 * units for each of `at_once` members. Never throws for what the program does.
std::vector<ConformanceCheck> conform(const ConformanceCase& given, std::shared_ptr<ChildStarter> starter);

}  // namespace stemma
