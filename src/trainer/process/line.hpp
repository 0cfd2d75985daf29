#pragma once
// Frames to and from one process of a program.

#include <poll.h>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "platform/descriptor.hpp"
#include "trainer/process/frames.hpp"

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

class Line {
public:
    /// Descriptors that do not block. Both may be of one socket.
    Line(Descriptor to, Descriptor from) : to_(std::move(to)), from_(std::move(from)) {}

    /// Queues a frame, which take_in() writes as far as the program reads. Several texts are written together.
    void send(std::string_view json) { outgoing_ += framed(json); }
    /// A frame that has arrived, or nonsense.
    std::optional<ChildEvent> event_at_hand();
    /// The program has closed its end.
    bool closing() const { return closed_.has_value(); }
    /// It did so some time ago: a program that closes its end is mostly about to end, and its exit code says more.
    std::optional<ChildGarbled> closed_for_long() const;

    using Watched = std::array<pollfd, 2>;
    Watched watched() const;
    void take_in(std::span<const pollfd> found);
    void read();

private:
    void write();

    Descriptor to_, from_;
    FrameReader frames_;
    std::string outgoing_;
    std::optional<std::chrono::steady_clock::time_point> closed_;
};

}  // namespace stemma
