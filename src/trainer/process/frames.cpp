#include "trainer/process/frames.hpp"

#include <cstring>

#include "core/error.hpp"

namespace stemma {
namespace {

/// Printable characters of bytes that are no frame, for the message.
std::string shown(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes.substr(0, 40)) text += byte >= 0x20 && byte < 0x7F ? byte : '.';
    return text;
}

}  // namespace

std::string framed(std::string_view text) {
    ensure(text.size() <= process_frame_bytes_max, "a frame is within its bound");
    const auto size = static_cast<std::uint32_t>(text.size());
    std::string frame(sizeof size, '\0');
    std::memcpy(frame.data(), &size, sizeof size);
    frame += text;
    return frame;
}

std::optional<std::string> FrameReader::next() {
    std::uint32_t size = 0;
    if (pending_.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, pending_.data(), sizeof size);
    if (size > process_frame_bytes_max) {
        throw ProtocolError("no frame of the protocol came but \"" + shown(pending_) +
                            "\": nothing else may be written to the protocol's descriptor");
    }
    if (pending_.size() < sizeof size + size) return std::nullopt;
    auto text = pending_.substr(sizeof size, size);
    pending_.erase(0, sizeof size + size);
    return text;
}

}  // namespace stemma
