#pragma once
// Messages to and from one peer: numbered, packed into as few transfers as possible, checked for gaps.

#include <span>

#include "transport/endpoint.hpp"
#include "transport/messages.hpp"

namespace stemma {

/// Collects messages for one rank and hands them to the endpoint in blocks of at most frame_bytes_max.
class FramePacker {
public:
    FramePacker(Endpoint& endpoint, int to, std::uint64_t run_id)
        : endpoint_(&endpoint), to_(to), context_{run_id, 0} {}

    /// Encodes `message`; sends what was collected before when the two do not fit together.
    void add(const message::ToWorker& message) { add_frame(message); }
    void add(const message::ToManager& message) { add_frame(message); }
    /// Sends what was collected, if anything.
    void flush();
    bool empty() const { return collected_.empty(); }

private:
    template <class Message>
    void add_frame(const Message& message);

    Endpoint* endpoint_;
    int to_;
    message::FrameContext context_;
    Bytes collected_;
};

/// Takes blocks from one rank apart. Throws DecodeError on a frame that is damaged or out of sequence.
class FrameUnpacker {
public:
    explicit FrameUnpacker(std::uint64_t run_id) : context_{run_id, 0} {}

    /// Next message of a block; advances `block`. Call until `block` is empty.
    message::ToWorker next_to_worker(std::span<const std::byte>& block);
    message::ToManager next_to_manager(std::span<const std::byte>& block);

private:
    void check_sequence();

    message::FrameContext context_;
    std::uint64_t expected_ = 0;
};

}  // namespace stemma
