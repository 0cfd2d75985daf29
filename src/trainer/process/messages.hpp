#pragma once
// The messages of the process protocol (docs/process-protocol.md), as values and as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "space/search_space.hpp"
#include "trainer/process/frames.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// Counts up when a program written for the old protocol would misunderstand the new protocol.
inline constexpr int process_protocol_version = 1;

// ---- from the program ----------------------------------------------------------------------------------------------

struct ChildHello {
    int protocol = 0;
    std::string name;  ///< for logs
    /// Parameters whose value may change when training goes on from a snapshot; absent: any.
    std::optional<std::vector<std::string>> can_change;
    std::size_t rank = 0;  ///< of a process that a launcher started
    std::size_t ranks = 1;
    std::uint32_t at_once = 1;  ///< trainings that it takes at the same time
};
/// Names with values. Nothing for a null from the program: not measured.
using NamedMetrics = std::vector<std::pair<std::string, std::optional<double>>>;
struct ChildProgress {
    std::uint64_t lease = 0;
    Resource at = 0;
    NamedMetrics metrics;
};
struct ChildReport {
    std::uint64_t lease = 0;
    Resource at = 0;
    NamedMetrics metrics;
    bool snapshot = false;                 ///< the file named in the lease holds a snapshot
    std::vector<std::string> unread = {};  ///< hyperparameters that the program has not looked at so far
};
/// The failure kind by the name that a program uses. Throws ProtocolError, naming all kinds, for another text.
FailureKind failure_named(const std::string& text);

struct ChildFailure {
    std::uint64_t lease = 0;
    FailureKind kind = FailureKind::exception;
    std::string type;
    std::string message;
};
/// Process 0 of a group begins a unit, and says whether it is the last one.
struct ChildUnit {
    std::uint64_t lease = 0;
    Resource at = 0;
    bool last = false;
};
using FromChild = std::variant<ChildHello, ChildProgress, ChildReport, ChildFailure, ChildUnit>;

/// The lease that the message is about; nothing for a hello.
std::optional<std::uint64_t> lease_of(const FromChild& message);

/// Throws ProtocolError on text that is no JSON, on an unknown type, and on a field that is missing or of another type.
/// Unknown fields are ignored, so that later versions may add fields.
FromChild parse_from_child(std::string_view json);

// ---- to the program ------------------------------------------------------------------------------------------------

/// What a process of a group is told beside the lease.
struct GroupText {
    std::size_t rank = 0;
    std::size_t ranks = 1;
    std::string address;  ///< for rank 0 to listen at; "" = the launcher's own
    std::uint16_t port = 0;
    std::string own_start;  ///< what this rank left beside the snapshot; "" = nothing
};
struct LeaseText {
    std::uint64_t lease = 0;
    const TrainRequest* request = nullptr;
    std::string start;  ///< file to go on from, "" = from scratch
    std::string save;   ///< file to leave a snapshot in
    std::uint64_t run_seed = 1;
    std::optional<GroupText> group = std::nullopt;
};

std::string welcome_json(const std::vector<MetricInfo>& metrics, std::string_view unit, std::uint32_t threads);
std::string lease_json(const LeaseText& lease);
std::string stop_json(std::uint64_t lease);
std::string unit_json(const ChildUnit& unit);
std::string quit_json();

}  // namespace stemma
