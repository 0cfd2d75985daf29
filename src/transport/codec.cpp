// Frames: a fixed 48-byte header, then the body. All little-endian, nothing implicit.
//
//   offset  bytes  field
//        0      4  magic "STMA"
//        4      2  protocol version
//        6      2  kind; bit 15 set: worker -> manager
//        8      8  sequence
//       16      8  run id
//       24      4  length of the body
//       28      4  CRC-32 of the body
//       32     12  reserved, zero
//       44      4  CRC-32 of the 44 bytes before

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "core/crc32.hpp"
#include "core/error.hpp"
#include "space/field_codec.hpp"
#include "transport/messages.hpp"

namespace stemma {
namespace {

constexpr std::uint32_t magic = 0x414D5453;  // "STMA" as little-endian bytes
constexpr std::uint16_t to_manager_bit = 0x8000;
constexpr std::size_t body_length_offset = 24;
constexpr std::size_t reserved_bytes = 12;
constexpr std::size_t header_crc_offset = 44;
static_assert(header_crc_offset + sizeof(std::uint32_t) == message::frame_header_bytes);

// Kind numbers, in the order of the variants' alternatives. A number once used stays with its message for ever. The
// number of a removed message goes into the list of retired numbers and is never reused. Retired so far: none.
constexpr std::array<std::uint16_t, std::variant_size_v<message::ToWorker>> to_worker_kinds = {1, 2, 3, 4, 5,
                                                                                               6, 7, 8, 9};
constexpr std::array<std::uint16_t, std::variant_size_v<message::ToManager>> to_manager_kinds = {1, 2, 3, 4, 5,
                                                                                                 6, 7, 8, 9};

template <class Message>
constexpr const auto& kinds_of() {
    if constexpr (std::is_same_v<Message, message::ToWorker>) {
        return to_worker_kinds;
    } else {
        return to_manager_kinds;
    }
}

template <class Message>
constexpr std::uint16_t direction_of() {
    return std::is_same_v<Message, message::ToManager> ? to_manager_bit : 0;
}

// ---- the fields of each message: the one list that encoding and decoding share -----------------------------------

template <class M, class T>
concept Like = std::same_as<std::remove_const_t<M>, T>;

template <Like<message::Train> M>
auto fields(M& m) {
    return std::tie(m.lease, m.member, m.seed, m.from, m.to, m.max, m.start, m.snapshot, m.owner, m.transfer, m.bytes,
                    m.adopted, m.configuration, m.parent_configuration, m.retried);
}
template <Like<message::Serve> M>
auto fields(M& m) {
    return std::tie(m.transfer, m.snapshot, m.receiver);
}
template <Like<message::AbortTransfer> M>
auto fields(M& m) {
    return std::tie(m.transfer);
}
template <Like<message::Drop> M>
auto fields(M& m) {
    return std::tie(m.snapshot);
}
template <Like<message::Persist> M>
auto fields(M& m) {
    return std::tie(m.snapshot);
}
template <Like<message::Cancel> M>
auto fields(M& m) {
    return std::tie(m.lease);
}
template <Like<message::Dismiss> M>
auto fields(M& m) {
    return std::tie(m.peers_lost);
}
template <Like<message::Ping> M>
auto fields(M&) {
    return std::tie();
}
template <Like<message::Replicate> M>
auto fields(M& m) {
    return std::tie(m.transfer, m.snapshot, m.member, m.resource, m.owner, m.bytes);
}
template <Like<message::Hello> M>
auto fields(M& m) {
    return std::tie(m.host, m.device, m.description, m.snapshot_quota, m.pid, m.threads, m.baselines);
}
template <Like<message::Heartbeat> M>
auto fields(M& m) {
    return std::tie(m.lease, m.reached);
}
template <Like<message::Progress> M>
auto fields(M& m) {
    return std::tie(m.lease, m.row, m.number);
}
template <Like<message::Report> M>
auto fields(M& m) {
    return std::tie(m.lease, m.reached, m.seconds, m.snapshot_bytes, m.rows, m.processes);
}
template <Like<message::Failure> M>
auto fields(M& m) {
    return std::tie(m.lease, m.kind, m.type, m.message, m.reached, m.seconds);
}
template <Like<message::Persisted> M>
auto fields(M& m) {
    return std::tie(m.snapshot, m.ok, m.message);
}
template <Like<message::TransferDone> M>
auto fields(M& m) {
    return std::tie(m.transfer);
}
template <Like<message::TransferFailed> M>
auto fields(M& m) {
    return std::tie(m.transfer);
}
template <Like<message::TransferLate> M>
auto fields(M& m) {
    return std::tie(m.transfer);
}
template <Like<message::Goodbye> M>
auto fields(M& m) {
    return std::tie(m.refusal, m.mistake);
}

template <Like<MetricRow> M>
auto fields(M& m) {
    return std::tie(m.resource, m.values);
}

struct MessageFields {
    template <class M, class V>
    static void each(M& message, V&& visitor) requires requires {
        fields(message);
    }
    {
        std::apply([&](auto&... field) { (visitor(field), ...); }, fields(message));
    }
    static constexpr auto range(message::StartFrom) {
        return std::pair(message::StartFrom::scratch, message::StartFrom::disk);
    }
    static constexpr auto range(FailureKind) { return std::pair(FailureKind::none, FailureKind::broken_program); }
};

// ---- frames ------------------------------------------------------------------------------------------------------

template <class T>
void overwrite(Bytes& out, std::size_t offset, T value) {
    std::memcpy(out.data() + offset, &value, sizeof value);
}

template <class Message>
void encode_frame(const Message& message, message::FrameContext context, Bytes& out) {
    const auto start = out.size();
    ByteWriter writer(out);
    writer.put(magic);
    writer.put(message::protocol_version);
    writer.put(static_cast<std::uint16_t>(kinds_of<Message>()[message.index()] | direction_of<Message>()));
    writer.put(context.sequence);
    writer.put(context.run_id);
    const std::array<std::byte, message::frame_header_bytes - body_length_offset> filled_in_below{};
    writer.raw(filled_in_below.data(), filled_in_below.size());
    std::visit([&](const auto& m) { MessageFields::each(m, FieldWriter<MessageFields>{writer}); }, message);

    const auto frame = std::span(out).subspan(start);
    ensure(frame.size() <= message::frame_bytes_max, "a message does not fit into a frame");
    const auto body = frame.subspan(message::frame_header_bytes);
    overwrite(out, start + body_length_offset, static_cast<std::uint32_t>(body.size()));
    overwrite(out, start + body_length_offset + 4, crc32_of(body));
    overwrite(out, start + header_crc_offset, crc32_of(frame.first(header_crc_offset)));
}

struct Header {
    std::uint16_t kind = 0;
    std::uint64_t sequence = 0;
    std::uint32_t body_length = 0;
    std::uint32_t body_crc = 0;
};

Header decode_header(std::span<const std::byte> in, std::uint64_t run_id) {
    if (in.size() < message::frame_header_bytes) {
        throw DecodeError("frame: " + std::to_string(in.size()) + " bytes are too few for a header");
    }
    ByteReader reader(in.first(message::frame_header_bytes));
    if (reader.get<std::uint32_t>() != magic) throw DecodeError("frame: not one of Stemma's (wrong magic)");
    const auto version = reader.get<std::uint16_t>();
    if (version != message::protocol_version) {
        throw DecodeError("frame: protocol version " + std::to_string(version) + ", this program speaks version " +
                          std::to_string(message::protocol_version) + "; start every rank with the same program");
    }
    Header header;
    reader.get(header.kind);
    reader.get(header.sequence);
    if (const auto run = reader.get<std::uint64_t>(); run != run_id) {
        throw DecodeError("frame: belongs to run " + std::to_string(run) + ", this is run " + std::to_string(run_id));
    }
    reader.get(header.body_length);
    reader.get(header.body_crc);
    const auto reserved = in.subspan(header_crc_offset - reserved_bytes, reserved_bytes);
    if (std::any_of(reserved.begin(), reserved.end(), [](std::byte b) { return b != std::byte{0}; })) {
        throw DecodeError("frame: reserved bytes are not zero");
    }
    std::uint32_t header_crc = 0;
    std::memcpy(&header_crc, in.data() + header_crc_offset, sizeof header_crc);
    if (header_crc != crc32_of(in.first(header_crc_offset)))
        throw DecodeError("frame: checksum of the header is wrong");
    if (header.body_length > message::frame_bytes_max - message::frame_header_bytes ||
        header.body_length > in.size() - message::frame_header_bytes) {
        throw DecodeError("frame: a body of " + std::to_string(header.body_length) + " bytes is beyond the end");
    }
    return header;
}

template <class Message>
Message decode_frame(std::span<const std::byte>& in, message::FrameContext& context) {
    const auto header = decode_header(in, context.run_id);
    const auto body = in.subspan(message::frame_header_bytes, header.body_length);
    if (header.body_crc != crc32_of(body)) throw DecodeError("frame: checksum of the body is wrong");
    if ((header.kind & to_manager_bit) != direction_of<Message>()) throw DecodeError("frame: wrong direction");
    const auto& kinds = kinds_of<Message>();
    const auto number = static_cast<std::uint16_t>(header.kind & ~to_manager_bit);
    const auto* found = std::find(kinds.begin(), kinds.end(), number);
    if (found == kinds.end()) throw DecodeError("frame: unknown kind " + std::to_string(number));

    ByteReader reader(body);
    Message message;
    decode_alternative<MessageFields>(static_cast<std::size_t>(found - kinds.begin()), reader, message);
    reader.expect_end();
    context.sequence = header.sequence;
    in = in.subspan(message::frame_header_bytes + header.body_length);
    return message;
}

}  // namespace

void encode(const message::ToWorker& message, message::FrameContext context, Bytes& out) {
    encode_frame(message, context, out);
}
void encode(const message::ToManager& message, message::FrameContext context, Bytes& out) {
    encode_frame(message, context, out);
}

message::ToWorker decode_to_worker(std::span<const std::byte>& in, message::FrameContext& context) {
    return decode_frame<message::ToWorker>(in, context);
}
message::ToManager decode_to_manager(std::span<const std::byte>& in, message::FrameContext& context) {
    return decode_frame<message::ToManager>(in, context);
}

}  // namespace stemma
