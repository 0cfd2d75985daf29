#pragma once
// The processes of one worker's program: one, or several that train a member together (trainer.processes).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/process/alarm.hpp"
#include "trainer/process/child.hpp"
#include "trainer/process/door.hpp"
#include "trainer/process/process_group.hpp"

namespace stemma {

struct GroupCommand {
    ChildCommand program;
    std::size_t processes = 0;  ///< 0: one, without the variables of a group
    std::string log;            ///< file that gets all output; "" = none
    std::string door;           ///< folder for the socket of a single program's children
};

/// An event of one of the processes.
struct GroupEvent {
    std::size_t rank = 0;
    ChildEvent event;
};

/// Processes with the ranks 0 .. size() - 1. Rank 0 is the leader: it reports. They are started here, or by a launcher
/// that is the only program started here (torchrun). The destructor kills all of them.
class ChildGroup {
public:
    /// Starts them. Throws std::system_error if one cannot be started.
    ChildGroup(ChildStarter& starter, const GroupCommand& command);

    std::size_t size() const { return launched_.empty() ? children_.size() : launched_.size(); }
    Line& line(std::size_t rank) { return launched_.empty() ? children_[rank]->line() : launched_[rank]; }
    /// The program that the process is, or whose descendant it is.
    Child& program(std::size_t rank) { return *children_[launched_.empty() ? rank : 0]; }
    /// Where the processes find each other; null for a single program, and where a launcher has its own.
    const Rendezvous* rendezvous() const { return rendezvous_ && launched_.empty() ? &*rendezvous_ : nullptr; }
    /// A launcher started the processes.
    bool launched() const { return !launched_.empty(); }

    void send_all(std::string_view json);
    /// The next event; nothing if none comes within `longest`, or before `alarm` rings.
    std::optional<GroupEvent> next(std::chrono::milliseconds longest, const Alarm* alarm = nullptr);
    /// The next event of that process, whatever the others do; nothing if none comes within `longest`.
    std::optional<ChildEvent> next_of(std::size_t rank, std::chrono::milliseconds longest);
    /// Takes in what arrives within `longest`; what has already arrived, without waiting.
    void look(std::chrono::milliseconds longest = {}) { look(longest, nullptr); }
    /// Asks the processes to end, without waiting.
    void dismiss();
    /// Asks the processes to end, and waits. Those that do not end are killed by the destructor.
    void quit(std::chrono::milliseconds longest);

    /// A process has ended.
    bool ended() const;
    /// Every hello was received and answered.
    bool greeted() const { return greeted_; }
    void set_greeted();
    /// Before that: processes that a launcher started, which have come to the door.
    std::vector<Line>& callers() { return callers_; }
    /// They are the group from now on, in the order of their ranks.
    void adopt(std::vector<Line> ranks) { launched_ = std::move(ranks); }

    /// Bytes of memory that the processes and all that they started have in use: see tree_memory().
    std::uint64_t memory(std::uint64_t enough) const;

private:
    std::optional<ChildEvent> event_of(std::size_t rank);
    /// What `find` finds at hand; nothing after `longest`, or when `alarm` rings.
    template <class Find>
    auto awaited(std::chrono::milliseconds longest, const Find& find, const Alarm* alarm = nullptr) -> decltype(find());
    /// look(), until `alarm` rings. True: it rang.
    bool look(std::chrono::milliseconds longest, const Alarm* alarm);
    bool closing();

    std::optional<Rendezvous> rendezvous_;
    std::optional<Door> door_;  ///< until all have been greeted
    std::vector<std::unique_ptr<Child>> children_;
    std::vector<Line> callers_, launched_;
    bool greeted_ = false;
};

}  // namespace stemma
