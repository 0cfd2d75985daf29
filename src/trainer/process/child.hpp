#pragma once
// One running program: frames to and from it, its output, and how it ended.

#include <poll.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "trainer/process/frames.hpp"
#include "trainer/process/output_tail.hpp"
#include "trainer/process/process_tree.hpp"
#include "trainer/process/starter.hpp"

namespace stemma {

/// A whole frame from the program.
struct ChildSaid {
    std::string json;
};
/// The program has ended. Everything that it wrote before has been returned first.
struct ChildEnded {
    std::string how;      ///< "exit code 1", "signal 9 (Killed)"
    bool killed = false;  ///< by SIGKILL, which the kernel sends when memory has run out
};
/// The program broke the protocol, or closed its end and goes on running.
struct ChildGarbled {
    std::string what;
    bool closed = false;  ///< it closed its end
};
using ChildEvent = std::variant<ChildSaid, ChildEnded, ChildGarbled>;

class Child {
public:
    /// Throws std::system_error if the program cannot be started.
    Child(ChildStarter& starter, const ChildCommand& command, const std::string& log);
    /// Kills the program and all processes that it started.
    ~Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Queues a frame. next() writes it, as far as the program reads. Several texts are written together.
    void send(std::string_view json) { outgoing_ += framed(json); }
    /// The next event of the program, if there is one: see wait_for(). After ChildEnded or ChildGarbled the object can
    /// only be destroyed.
    std::optional<ChildEvent> event_at_hand();

    bool ended() const { return ended_.has_value(); }
    /// The program has closed its end. Its exit code, or ChildGarbled, follows soon.
    bool closing() const { return closed_.has_value(); }
    /// The program's hello was received and answered.
    bool greeted() const { return greeted_; }
    void set_greeted() { greeted_ = true; }
    OutputTail& output() { return output_; }
    int pid() const { return child_.pid; }
    /// The process above the program and all that it started: see tree_memory().
    int keeper() const { return child_.keeper; }

private:
    friend void wait_for(std::span<Child* const> children, std::chrono::milliseconds longest);
    using Watched = std::array<pollfd, 4>;
    Watched watched() const;
    void take_in(std::span<const pollfd> found);
    void write_some();
    void read_messages();
    void read_output();
    void read_end();

    StartedChild child_;
    OutputTail output_;
    FrameReader frames_;
    std::string outgoing_;
    std::optional<ChildEnded> ended_;
    bool greeted_ = false;
    std::optional<std::chrono::steady_clock::time_point> closed_;  ///< when the program closed its end
};

/// Waits until one of these programs does something, at most `longest`, and takes that in.
void wait_for(std::span<Child* const> children, std::chrono::milliseconds longest);

}  // namespace stemma
