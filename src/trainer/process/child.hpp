#pragma once
// One running program: frames to and from it, what it prints, and how it ended.

#include <chrono>
#include <memory>
#include <optional>
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
/// It has ended; everything that it wrote before was handed out first.
struct ChildEnded {
    std::string how;      ///< "exit code 1", "signal 9 (Killed)"
    bool killed = false;  ///< by SIGKILL, which the kernel sends where memory has run out
};
/// What it wrote is not the protocol, or it closed its end and lives on.
struct ChildGarbled {
    std::string what;
    bool closed = false;  ///< the latter
};
using ChildEvent = std::variant<ChildSaid, ChildEnded, ChildGarbled>;

class Child {
public:
    /// Throws std::system_error if the program cannot be started.
    Child(ChildStarter& starter, const ChildCommand& command, const std::string& log);
    /// Kills it with all that it started.
    ~Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Queues frames; they are written by next(), as far as the program reads them. Several texts leave in one piece.
    void send(std::string_view json) { outgoing_ += framed(json); }
    /// What it says next; nothing if that takes longer than `longest`. After ChildEnded or ChildGarbled only
    /// destruction is of use.
    std::optional<ChildEvent> next(std::chrono::milliseconds longest);
    /// Takes in what is there already, without waiting.
    void look() { wait(std::chrono::milliseconds(0)); }
    /// Asks it to end, and goes on.
    void dismiss();
    /// Asks it to end, and waits for that; it is killed by the destructor if it does not.
    bool quit(std::chrono::milliseconds longest);

    bool ended() const { return ended_.has_value(); }
    /// Its hello was heard and answered.
    bool greeted() const { return greeted_; }
    void set_greeted() { greeted_ = true; }
    OutputTail& output() { return output_; }
    int pid() const { return child_.pid; }
    /// Bytes of memory that the program and all that it started have in use: see tree_memory().
    std::uint64_t memory(std::uint64_t enough) const { return tree_memory(child_.keeper, enough); }

private:
    std::optional<ChildEvent> event_at_hand();
    void wait(std::chrono::milliseconds longest);
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
    std::optional<std::chrono::steady_clock::time_point> closed_;  ///< when it closed its end
};

}  // namespace stemma
