// Seeded fuzzing of the record's codec and of snapshots: for any bytes, decoding gives a value or a DecodeError.
// STEMMA_FUZZ_INPUTS and STEMMA_FUZZ_SEED change the number of inputs (200,000) and the seed (1).

#include <gtest/gtest.h>

#include <cstdlib>

#include "trainer/snapshot.hpp"
#include "unit/record/record_samples.hpp"

namespace stemma {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const auto* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void damage(Bytes& bytes, Stream& s) {
    for (auto n = s.below(4); n > 0 && !bytes.empty(); --n) {
        const auto at = s.below(bytes.size());
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (s.below(5)) {
            case 0:
                bytes[at] ^= static_cast<std::byte>(1U << s.below(8));
                break;
            case 1:
                bytes[at] = static_cast<std::byte>(s());
                break;
            case 2:
                bytes.resize(at);
                break;
            case 3:
                bytes.insert(place, static_cast<std::byte>(s()));
                break;
            default:
                bytes.erase(place);
                break;
        }
    }
}

TEST(RecordFuzz, AnythingIsAnInputOrADecodeError) {
    const auto inputs = from_environment("STEMMA_FUZZ_INPUTS", 200'000);
    testing::RecordSampler sampler(from_environment("STEMMA_FUZZ_SEED", 1));
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < inputs && !HasFailure(); ++i) {
        Bytes bytes;
        record::encode(sampler.input(i), bytes);
        damage(bytes, sampler.stream());
        try {
            Bytes again;
            record::encode(record::decode_input(bytes), again);
            EXPECT_EQ(again, bytes) << "what is accepted is the one encoding of what it means";
            ++accepted;
        } catch (const DecodeError&) {
        }
    }
    EXPECT_GT(accepted, inputs / 10);
    EXPECT_LT(accepted, inputs);
}

TEST(RecordFuzz, AnythingIsADecisionOrADecodeError) {
    const auto inputs = from_environment("STEMMA_FUZZ_INPUTS", 200'000);
    testing::RecordSampler sampler(from_environment("STEMMA_FUZZ_SEED", 1));
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < inputs && !HasFailure(); ++i) {
        Bytes bytes;
        record::encode(sampler.effect(), bytes);
        damage(bytes, sampler.stream());
        try {
            ByteReader reader(bytes);
            Bytes again;
            record::encode(record::decode_effect(reader), again);
            bytes.resize(bytes.size() - reader.left());
            EXPECT_EQ(again, bytes);
            ++accepted;
        } catch (const DecodeError&) {
        }
    }
    EXPECT_GT(accepted, inputs / 10);
    EXPECT_LT(accepted, inputs);
}

TEST(RecordFuzz, AnythingIsASnapshotOrADecodeError) {
    const auto inputs = from_environment("STEMMA_FUZZ_INPUTS", 200'000) / 2;
    Stream stream(from_environment("STEMMA_FUZZ_SEED", 1), Purpose::test);
    Snapshot snapshot;
    const Bytes content(24, std::byte{7});
    snapshot.add("model/w", DType::f32, {2, 3}, content);
    snapshot.add("step", DType::i64, {3}, content);
    const auto whole = snapshot.encode();
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < inputs && !HasFailure(); ++i) {
        auto bytes = whole;
        damage(bytes, stream);
        try {
            const auto decoded = Snapshot::decode(bytes);
            for (const auto& array : decoded.arrays()) EXPECT_LE(array.bytes, bytes.size());
            ++accepted;
        } catch (const DecodeError&) {
        }
    }
    EXPECT_GT(accepted, inputs / 10);
    EXPECT_LT(accepted, inputs);
}

}  // namespace
}  // namespace stemma
