#pragma once
// One running program: frames to and from it, its output, and how it ended.

#include <array>
#include <optional>
#include <span>
#include <string>

#include "trainer/process/line.hpp"
#include "trainer/process/output_tail.hpp"
#include "trainer/process/starter.hpp"

namespace stemma {

class Child {
public:
    /// Throws std::system_error if the program cannot be started.
    Child(ChildStarter& starter, const ChildCommand& command, const std::string& log);
    /// Kills the program and all processes that it started.
    ~Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Frames over the descriptors that the program was started with.
    Line& line() { return line_; }
    /// How it ended, once it has.
    const std::optional<ChildEnded>& ended() const { return ended_; }
    OutputTail& output() { return output_; }
    int pid() const { return pid_; }
    /// The process above the program and all that it started: see tree_memory().
    int keeper() const { return keeper_; }

    using Watched = std::array<pollfd, 4>;
    Watched watched() const;
    void take_in(std::span<const pollfd> found);

private:
    Child(StartedChild started, const std::string& log);
    void read_output();
    void read_end();

    int pid_;
    int keeper_;
    Line line_;
    Descriptor printed_, life_;
    OutputTail output_;
    std::optional<ChildEnded> ended_;
};

/// The next event of the program over its own line, if there is one: what it said, then how it ended. After ChildEnded
/// or ChildGarbled the object can only be destroyed.
std::optional<ChildEvent> event_at_hand(Child& child);

}  // namespace stemma
