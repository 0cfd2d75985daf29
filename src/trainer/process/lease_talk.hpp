#pragma once
// The conversation about one lease.

#include <variant>

#include "trainer/process/child_group.hpp"
#include "trainer/process/messages.hpp"
#include "trainer/process/process_trainer.hpp"
#include "trainer/process/scratch.hpp"

namespace stemma {

struct TalkFailed {
    TrainFailure failure;
    bool usable = false;  ///< all processes can be used further
    bool unsaid = false;  ///< one ended before any message about the lease
};

/// A started program that said hello.
struct Talk {
    const ProcessSettings* settings = nullptr;
    ChildGroup* group = nullptr;
    const Scratch* scratch = nullptr;
    std::uint64_t lease = 0;  ///< a number that the program has not seen
};

/// Gives the lease, whose start snapshot lies in its file, and receives messages until the lease ends.
std::variant<Trained, TalkFailed> talk_lease(const Talk& talk, const TrainRequest& request);

/// `what`, then what the program of that process printed last.
std::string with_output(std::string what, ChildGroup& group, std::size_t rank);

}  // namespace stemma
