// Seeded fuzzing of the message codec: for any input, decoding gives a message or a DecodeError. A third of the inputs
// are damaged anywhere. The others get correct checksums again, so that the damage reaches the decoders of the bodies.
// STEMMA_FUZZ_INPUTS and STEMMA_FUZZ_SEED change the number of inputs (200,000) and the seed (1).

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>

#include "unit/transport/message_samples.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t run_id = 77;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const auto* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::uint32_t crc(std::span<const std::byte> bytes) {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

/// Makes length and checksums of the (single) frame agree with its bytes.
void repair(Bytes& frame) {
    if (frame.size() < message::frame_header_bytes) return;
    const auto body = std::span(frame).subspan(message::frame_header_bytes);
    const auto length = static_cast<std::uint32_t>(body.size());
    const auto body_crc = crc(body);
    std::memcpy(frame.data() + 24, &length, 4);
    std::memcpy(frame.data() + 28, &body_crc, 4);
    const auto header_crc = crc(std::span(frame).first(44));
    std::memcpy(frame.data() + 44, &header_crc, 4);
}

void damage(Bytes& bytes, Stream& s) {
    for (auto n = 1 + s.below(4); n > 0 && !bytes.empty(); --n) {
        const auto at = static_cast<std::ptrdiff_t>(s.below(bytes.size()));
        switch (s.below(6)) {
            case 0:
                bytes[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1U << s.below(8));
                break;
            case 1:
                bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(s());
                break;
            case 2:
                bytes.resize(static_cast<std::size_t>(at));
                break;
            case 3:
                bytes.insert(bytes.begin() + at, s.below(20), static_cast<std::byte>(s()));
                break;
            case 4:
                bytes.erase(bytes.begin() + at,
                            bytes.begin() + at + std::min<std::ptrdiff_t>(8, std::ssize(bytes) - at));
                break;
            default:  // a length beyond the end
                if (bytes.size() >= 4) {
                    const auto offset = std::min<std::size_t>(static_cast<std::size_t>(at), bytes.size() - 4);
                    const auto huge = static_cast<std::uint32_t>(s() | 0x7F000000U);
                    std::memcpy(bytes.data() + offset, &huge, 4);
                }
        }
    }
}

/// True if `in` was a message. An accepted input must be the one encoding of its meaning.
template <class Message>
bool takes(const Bytes& bytes, Message (*decode)(std::span<const std::byte>&, message::FrameContext&)) {
    std::span<const std::byte> in(bytes);
    message::FrameContext context{run_id, 0};
    try {
        const auto message = decode(in, context);
        Bytes again;
        encode(message, context, again);
        EXPECT_TRUE(std::equal(again.begin(), again.end(), bytes.begin(),
                               bytes.begin() + (std::ssize(bytes) - std::ssize(in))));
        return true;
    } catch (const DecodeError&) {
        return false;
    }
}

TEST(MessagesFuzz, AnythingIsAMessageOrADecodeError) {
    const auto inputs = from_environment("STEMMA_FUZZ_INPUTS", 200'000);
    Stream stream(from_environment("STEMMA_FUZZ_SEED", 1), Purpose::test);
    testing::MessageSampler sampler(stream);
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < inputs && !HasFailure(); ++i) {
        Bytes frame;
        const message::FrameContext context{run_id, i};
        if (stream.below(2) == 0) {
            encode(sampler.to_worker(), context, frame);
        } else {
            encode(sampler.to_manager(), context, frame);
        }
        damage(frame, stream);
        if (stream.below(3) != 0) repair(frame);
        accepted += takes<message::ToWorker>(frame, decode_to_worker) ? 1 : 0;
        accepted += takes<message::ToManager>(frame, decode_to_manager) ? 1 : 0;
    }
    EXPECT_GT(accepted, inputs / 50) << "the damage never gets past the checksums: the decoders are not tested";
    EXPECT_LT(accepted, inputs) << "nothing is ever refused";
}

}  // namespace
}  // namespace stemma
