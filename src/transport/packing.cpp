#include "transport/packing.hpp"

#include <utility>

namespace stemma {

template <class Message>
void FramePacker::add_frame(const Message& message) {
    const auto before = collected_.size();
    encode(message, context_, collected_);
    ++context_.sequence;
    if (collected_.size() <= message::frame_bytes_max) return;
    Bytes last(collected_.begin() + static_cast<std::ptrdiff_t>(before), collected_.end());
    collected_.resize(before);
    flush();
    collected_ = std::move(last);
}

template void FramePacker::add_frame(const message::ToWorker&);
template void FramePacker::add_frame(const message::ToManager&);

void FramePacker::flush() {
    if (collected_.empty()) return;
    endpoint_->send(to_, std::exchange(collected_, {}));
}

message::ToWorker FrameUnpacker::next_to_worker(std::span<const std::byte>& block) {
    auto message = decode_to_worker(block, context_);
    check_sequence();
    return message;
}

message::ToManager FrameUnpacker::next_to_manager(std::span<const std::byte>& block) {
    auto message = decode_to_manager(block, context_);
    check_sequence();
    return message;
}

void FrameUnpacker::check_sequence() {
    if (context_.sequence != expected_) {
        throw DecodeError("frame: number " + std::to_string(context_.sequence) + " came where " +
                          std::to_string(expected_) + " was expected");
    }
    ++expected_;
}

}  // namespace stemma
