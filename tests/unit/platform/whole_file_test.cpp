#include "platform/whole_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class WholeFile : public ::testing::Test {
protected:
    WholeFile() {
        std::string name = (fs::temp_directory_path() / "stemma_whole_XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~WholeFile() override { fs::remove_all(folder); }

    static void fill(const fs::path& path, const std::string& content) {
        write_whole_file(path, [&](std::ostream& out) { out << content; });
    }
    static std::string content_of(const fs::path& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder), {}); }

    fs::path folder;
};

TEST_F(WholeFile, TakesThePlaceOfTheOneBefore) {
    fill(folder / "a", "first");
    fill(folder / "a", "second");
    EXPECT_EQ(content_of(folder / "a"), "second");
    EXPECT_EQ(files(), 1);
}

TEST_F(WholeFile, OfWhatFailedNothingStays) {
    const auto fail = [](std::ostream& out) {
        out << "half";
        throw std::runtime_error("stop");
    };
    EXPECT_ERROR(write_whole_file(folder / "a", fail), std::runtime_error, "stop");
    EXPECT_EQ(files(), 0);
    fill(folder / "a", "first");
    EXPECT_ERROR(write_whole_file(folder / "a", fail), std::runtime_error, "stop");
    EXPECT_EQ(content_of(folder / "a"), "first");
    EXPECT_EQ(files(), 1);
}

TEST_F(WholeFile, WhatCannotBeWrittenIsNamed) {
    EXPECT_THAT([&] { fill(folder / "none/a", "x"); },
                ThrowsMessage<UserError>(HasSubstr("none/a: cannot be written")));
    EXPECT_THAT([&] { fill("/dev/full", "x"); }, ThrowsMessage<UserError>(HasSubstr("No space left")));
    EXPECT_TRUE(fs::exists("/dev/full")) << "what is no ordinary file is never removed";
}

TEST_F(WholeFile, ALinkIsFollowed) {
    fill(folder / "real", "first");
    fs::create_symlink("real", folder / "link");
    fill(folder / "link", "second");
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
    EXPECT_EQ(content_of(folder / "real"), "second");
}

TEST_F(WholeFile, ACopyIsTheSame) {
    fill(folder / "a", std::string(100'000, 'x'));
    copy_whole_file(folder / "a", folder / "b");
    EXPECT_EQ(content_of(folder / "b"), content_of(folder / "a"));
    EXPECT_ERROR(copy_whole_file(folder / "none", folder / "b"), UserError, "none: cannot be read");
    EXPECT_EQ(content_of(folder / "b"), content_of(folder / "a"));
}

}  // namespace
}  // namespace stemma
