#pragma once
// The conversation about one lease.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "platform/attentive_clock.hpp"
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

/// How often the owner of a conversation looks at the time.
inline constexpr auto talk_tick = std::chrono::milliseconds(20);

/// A started program that said hello.
struct Talk {
    const ProcessSettings* settings = nullptr;
    ChildGroup* group = nullptr;
    const Scratch* scratch = nullptr;
    std::uint64_t lease = 0;  ///< a number that the program has not seen
    std::size_t slot = 0;     ///< of the scratch folder
    Resource told = 0;        ///< rows up to there were shown before, by a program that is gone
};

/// What has become of the conversation: nothing yet, or its end.
using TalkEnd = std::variant<std::monostate, Trained, TalkFailed>;

/// One lease, whose start snapshot lies in its file. The owner passes on what the program says about it.
class LeaseTalk {
public:
    LeaseTalk(const Talk& talk, const TrainRequest& request)
        : talk_(talk), request_(request), ranks_(talk.group->size()) {}

    /// Gives the lease to each process. `only`: no other lease is with the program.
    TalkEnd begin(bool only);
    /// An event of a process.
    TalkEnd take(const GroupEvent& event);
    /// The same for a message that was read already.
    TalkEnd hear(std::size_t rank, const FromChild& message);
    /// Asks the program to stop if the request says so. Fails if the program takes too long, or `memory` is more than
    /// it may use. To be called all the while.
    TalkEnd check(std::uint64_t memory);

    std::uint64_t lease() const { return talk_.lease; }
    /// A process sent a message about it.
    bool said() const { return said_; }
    Resource reached() const { return trained_.rows.empty() ? request_.from : trained_.rows.back().resource; }

private:
    /// What a process has said so far of how the lease ended for it.
    struct RankState {
        std::optional<ChildReport> report;
        std::optional<ChildFailure> failure;
    };

    template <class Body>
    TalkEnd guarded(const Body& body);
    ChildGroup& group() const { return *talk_.group; }
    bool alone() const { return ranks_.size() == 1; }
    LeaseText text_for(std::size_t rank) const;
    std::string from(std::size_t rank, std::string what) const;

    [[noreturn]] void fail(std::size_t rank, FailureKind kind, std::string type, std::string message,
                           bool usable = false);
    [[noreturn]] void fail_protocol(std::size_t rank, const std::string& what);
    [[noreturn]] void fail_garbled(std::size_t rank, const ChildGarbled& garbled);
    [[noreturn]] void fail_ended(std::size_t rank, const ChildEnded& ended);
    [[noreturn]] void fail_told(std::size_t first);

    void said_between(const GroupEvent& event);
    FromChild parse(std::size_t rank, const std::string& json);
    void heard();
    void ask_to_stop();
    std::size_t waited_for() const;
    void check_deadlines();
    void require_lease(std::size_t rank, std::uint64_t lease, const char* what);
    std::vector<std::optional<double>> row_of(const NamedMetrics& metrics);
    void add_row(Resource at, const NamedMetrics& metrics, bool last);
    bool hears(std::size_t rank, const FromChild& message);
    void note(std::size_t rank, const FromChild& message);
    void pass_on(std::size_t rank, const ChildUnit& unit);
    std::size_t cause(std::size_t first) const;
    void finish();
    void require_finite();

    Talk talk_;
    const TrainRequest& request_;
    std::vector<RankState> ranks_;
    bool said_ = false;   ///< a process sent a message about this lease
    bool ended_ = false;  ///< a process has ended, or closed its end
    Trained trained_;
    std::vector<std::optional<double>> last_;  ///< row of trained_; nothing where no value was sent
    AttentiveClock clock_;                     ///< while this process does not run, a program's silence does not count
    std::optional<double> silent_until_;
    std::optional<double> stop_until_;
    std::optional<double> others_until_;  ///< after the report of process 0
};

/// `what`, then what the program of that process printed last.
std::string with_output(std::string what, ChildGroup& group, std::size_t rank);

}  // namespace stemma
