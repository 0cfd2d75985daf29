#include "trainer/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
    return std::as_bytes(std::span(values));
}

Snapshot sample() {
    Snapshot snapshot;
    snapshot.add("model/weight", DType::f32, {2, 3}, bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6}));
    snapshot.add("step", DType::i64, {}, bytes_of(std::vector<std::int64_t>{42}));
    snapshot.add("empty", DType::f64, {0, 7}, {});
    snapshot.add("flags", DType::boolean, {3}, bytes_of(std::vector<std::uint8_t>{1, 0, 1}));
    return snapshot;
}

void expect_equal(const Snapshot& a, const Snapshot& b) {
    ASSERT_EQ(a.arrays().size(), b.arrays().size());
    for (std::size_t i = 0; i < a.arrays().size(); ++i) {
        const auto &left = a.arrays()[i], &right = b.arrays()[i];
        EXPECT_EQ(left.name, right.name);
        EXPECT_EQ(left.type, right.type);
        EXPECT_EQ(left.shape, right.shape);
        EXPECT_TRUE(std::ranges::equal(a.content(left), b.content(right)));
    }
    EXPECT_EQ(a.bytes(), b.bytes());
}

TEST(Snapshot, FindsArraysByName) {
    const auto snapshot = sample();

    const auto* step = snapshot.find("step");

    ASSERT_NE(step, nullptr);
    EXPECT_EQ(step->bytes, 8U);
    EXPECT_EQ(static_cast<int>(snapshot.content(*step)[0]), 42);
    EXPECT_EQ(snapshot.find("Step"), nullptr);
}

TEST(Snapshot, AlignsEachArray) {
    const auto snapshot = sample();
    for (const auto& array : snapshot.arrays()) EXPECT_EQ(array.offset % 64, 0U) << array.name;
}

TEST(Snapshot, SurvivesTheWayThroughBytes) {
    const auto snapshot = sample();

    const auto block = snapshot.encode();

    expect_equal(Snapshot::decode(block), snapshot);
    EXPECT_EQ(Snapshot::decode(block).encode(), block);
    expect_equal(Snapshot::decode(Snapshot().encode()), Snapshot());
}

TEST(Snapshot, RefusesADuplicateNameAndAWrongSize) {
    auto snapshot = sample();
    EXPECT_ERROR(snapshot.add("step", DType::u8, {0}, {}), UserError, "two arrays are called \"step\"");
    EXPECT_ERROR(snapshot.add("short", DType::u8, {2}, bytes_of(std::vector<std::uint8_t>{1})), InternalError,
                 "an array has as many bytes as its shape says");
    EXPECT_ERROR(snapshot.add("negative", DType::u8, {-1}, {}), InternalError,
                 "an array has as many bytes as its shape says");
}

TEST(Snapshot, RefusesEveryCutAndEveryFlippedBit) {
    const auto block = sample().encode();
    for (std::size_t size = 0; size < block.size(); ++size) {
        EXPECT_ERROR(Snapshot::decode(Bytes(block.begin(), block.begin() + std::ptrdiff_t(size))), DecodeError,
                     "snapshot: ")
            << size;
    }
    for (std::size_t bit = 0; bit < 8 * block.size(); ++bit) {
        auto damaged = block;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_ERROR(Snapshot::decode(damaged), DecodeError, "snapshot: ") << bit;
    }
}

TEST(Snapshot, ArraysMayBeAddedToADecodedOneAndItsCopiesAreTheirOwn) {
    const auto block = sample().encode();
    const auto decoded = Snapshot::decode(block);

    auto more = decoded;
    more.add("more", DType::u8, {1}, bytes_of(std::vector<std::uint8_t>{9}));

    auto expected = sample();
    expected.add("more", DType::u8, {1}, bytes_of(std::vector<std::uint8_t>{9}));
    EXPECT_EQ(more.encode(), expected.encode());
    EXPECT_EQ(decoded.encode(), block);
}

TEST(Snapshot, APlaceIsFilledByTheCaller) {
    Snapshot snapshot;
    snapshot.reserve(100);

    const auto place = snapshot.add("a", DType::u8, {3});
    ASSERT_EQ(place.size(), 3U);
    std::ranges::fill(place, std::byte{7});

    EXPECT_THAT(snapshot.content(*snapshot.find("a")), testing::Each(std::byte{7}));
}

/// The layout of snapshot.cpp, with a correct checksum for any body.
Bytes block_with_body(std::uint64_t data_bytes, std::uint64_t arrays, const Bytes& body) {
    auto block = Snapshot().encode();
    std::memcpy(block.data() + 16, &data_bytes, sizeof data_bytes);
    std::memcpy(block.data() + 24, &arrays, sizeof arrays);
    append(block, body);
    const auto checksum = XXH3_64bits(block.data() + 16, block.size() - 16);
    std::memcpy(block.data() + 8, &checksum, sizeof checksum);
    return block;
}

TEST(Snapshot, RefusesHostileBlocksWithAValidChecksum) {
    const auto refused = [](const char* says, std::uint64_t data_bytes, std::uint64_t arrays, auto fill) {
        Bytes body(0);
        ByteWriter out(body);
        fill(out);
        EXPECT_ERROR(Snapshot::decode(block_with_body(data_bytes, arrays, body)), DecodeError, says);
    };
    const auto entry = [](ByteWriter& out, const char* name, std::uint8_t type,
                          const std::vector<std::int64_t>& shape) {
        out.put(std::string(name));
        out.put(type);
        out.put(shape);
    };
    const auto nothing = [](ByteWriter&) {};
    const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
    refused("", 0, ~std::uint64_t{0}, nothing);
    refused("cut short", ~std::uint64_t{0}, 0, nothing);
    refused("cut short", 1, 0, nothing);
    refused("cut short or too long", 0, 0, [](ByteWriter& out) { out.put(std::uint8_t{0}); });
    const auto data = [](ByteWriter& out) { out.put(std::uint64_t{0}); };
    refused("cut short or too long", 8, 0, data);
    refused("array \"a\" has an unknown type", 8, 1, [&](ByteWriter& out) { data(out), entry(out, "a", 99, {1}); });
    refused("array \"a\" has an impossible shape", 8, 1, [&](ByteWriter& out) { data(out), entry(out, "a", 7, {-1}); });
    refused("array \"a\" has an impossible shape", 8, 1, [&](ByteWriter& out) {
        data(out), entry(out, "a", 7, {huge, huge});
    });
    refused("array \"b\" is beyond the end of the data", 8, 2,
            [&](ByteWriter& out) { data(out), entry(out, "a", 7, {1}), entry(out, "b", 7, {1}); });
    refused("", static_cast<std::uint64_t>(huge), 1, [&](ByteWriter& out) { entry(out, "a", 1, {huge}); });
    refused("two arrays are called \"a\"", 0, 2,
            [&](ByteWriter& out) { entry(out, "a", 7, {0}), entry(out, "a", 7, {0}); });
}

TEST(Snapshot, RandomBytesNeverDecode) {
    Stream stream(1, Purpose::test);
    for (int round = 0; round < 2000; ++round) {
        Bytes block(stream.below(200));
        for (auto& byte : block) byte = static_cast<std::byte>(stream.below(256));
        EXPECT_ERROR(Snapshot::decode(block), DecodeError, "snapshot: ");
    }
}

TEST(DType, KnowsSizesAndNamesOfNumPy) {
    EXPECT_EQ(size_of(DType::bf16), 2U);
    EXPECT_EQ(size_of(DType::f64), 8U);
    EXPECT_EQ(name_of(DType::f32), "float32");
    EXPECT_EQ(name_of(DType::boolean), "bool");
}

}  // namespace
}  // namespace stemma
