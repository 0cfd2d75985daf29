#include "platform/real_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "core/error.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

class RealPath : public ::testing::Test {
protected:
    RealPath() {
        std::string name = (fs::temp_directory_path() / "stemma_path_XXXXXX").string();
        folder = fs::canonical(::mkdtemp(name.data()));
    }
    ~RealPath() override { fs::remove_all(folder); }

    fs::path folder;
};

TEST_F(RealPath, WhatIsNoLinkStaysAsItWasGiven) {
    std::ofstream(folder / "file");
    for (const auto& path : {folder / "file", folder / "none", folder / "./file", fs::path("toy.h5"), fs::path()})
        EXPECT_EQ(real_path(path), path);
}

TEST_F(RealPath, ChainsOfLinksAreFollowedRelativeToEach) {
    fs::create_directories(folder / "scratch");
    fs::create_directories(folder / "house/deep");
    fs::create_symlink("../house/deep/second", folder / "scratch/first");
    fs::create_symlink(folder / "scratch/third", folder / "house/deep/second");
    fs::create_symlink("run.h5", folder / "scratch/third");
    EXPECT_EQ(real_path(folder / "scratch/first"), folder / "scratch/run.h5") << "which is not there yet";
    std::ofstream(folder / "scratch/run.h5");
    EXPECT_EQ(real_path(folder / "scratch/first"), folder / "scratch/run.h5");
}

TEST_F(RealPath, LinksBelowALinkedFolderAreFollowedFromItsRealPlace) {
    fs::create_directories(folder / "far/real");
    fs::create_symlink("far/real", folder / "near");
    fs::create_symlink("../run.h5", folder / "far/real/link");
    EXPECT_EQ(real_path(folder / "near/link"), folder / "far/run.h5");
}

TEST_F(RealPath, LinksToWhereNoFolderIsAreFollowedToo) {
    fs::create_symlink("none/run.h5", folder / "link");
    EXPECT_EQ(real_path(folder / "link"), folder / "none/run.h5");
}

TEST_F(RealPath, ACircleIsNamed) {
    fs::create_symlink("b", folder / "a");
    fs::create_symlink("a", folder / "b");
    EXPECT_THAT([&] { real_path(folder / "a"); }, ::testing::ThrowsMessage<UserError>(::testing::HasSubstr("circle")));
}

}  // namespace
}  // namespace stemma
