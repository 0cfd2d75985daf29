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

#include "trainer/process/child.hpp"
#include "trainer/process/process_group.hpp"

namespace stemma {

struct GroupCommand {
    ChildCommand program;
    std::size_t processes = 0;  ///< 0: one, without the variables of a group
    std::string log;            ///< file that gets all output; "" = none
};

/// An event of one of the processes.
struct GroupEvent {
    std::size_t rank = 0;
    ChildEvent event;
};

/// Processes with the ranks 0 .. size() - 1. Rank 0 is the leader: it reports. The destructor kills all of them.
class ChildGroup {
public:
    /// Starts them. Throws std::system_error if one cannot be started.
    ChildGroup(ChildStarter& starter, const GroupCommand& command);

    std::size_t size() const { return children_.size(); }
    Child& operator[](std::size_t rank) { return *children_[rank]; }
    /// Where the processes find each other; null for a single program.
    const Rendezvous* rendezvous() const { return rendezvous_ ? &*rendezvous_ : nullptr; }

    void send_all(std::string_view json);
    /// The next event; nothing if none comes within `longest`.
    std::optional<GroupEvent> next(std::chrono::milliseconds longest);
    /// The next event of that process, whatever the others do; nothing if none comes within `longest`.
    std::optional<ChildEvent> next_of(std::size_t rank, std::chrono::milliseconds longest);
    /// Takes in what has already arrived, without waiting.
    void look() { wait_for(all_, std::chrono::milliseconds(0)); }
    /// Asks the processes to end, without waiting.
    void dismiss();
    /// Asks the processes to end, and waits. Those that do not end are killed by the destructor.
    void quit(std::chrono::milliseconds longest);

    /// A process has ended.
    bool ended() const;
    /// Every hello was received and answered.
    bool greeted() const;
    /// Bytes of memory that the processes and all that they started have in use: see tree_memory().
    std::uint64_t memory(std::uint64_t enough) const;

private:
    void add(ChildStarter& starter, const ChildCommand& program, const std::string& log);

    std::optional<Rendezvous> rendezvous_;
    std::vector<std::unique_ptr<Child>> children_;
    std::vector<Child*> all_;  ///< the same, for wait_for()
};

}  // namespace stemma
