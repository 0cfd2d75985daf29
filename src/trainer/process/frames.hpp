#pragma once
// A frame of the process protocol: length (32 bits, little-endian), then that many bytes of UTF-8 JSON.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace stemma {

/// Configurations and metrics are small; snapshots travel by file.
inline constexpr std::uint32_t process_frame_bytes_max = 16U << 20U;

/// The bytes are not the process protocol. The text says why.
struct ProtocolError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string framed(std::string_view text);

/// Cuts a stream of bytes into frames.
class FrameReader {
public:
    void feed(std::string_view bytes) { pending_.append(bytes); }
    /// The next whole frame's text; nothing while it is incomplete. Throws ProtocolError on an impossible length.
    std::optional<std::string> next();
    bool empty() const { return pending_.empty(); }

private:
    std::string pending_;
};

}  // namespace stemma
