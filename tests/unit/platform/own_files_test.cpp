#include "platform/own_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class OwnFiles : public ::testing::Test {
protected:
    OwnFiles() {
        std::string name = (fs::temp_directory_path() / "stemma_own_XXXXXX").string();
        folder = ::mkdtemp(name.data());
        std::ofstream(folder / "precious") << "precious";
    }
    ~OwnFiles() override { fs::remove_all(folder); }

    static std::string content_of(const fs::path& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static ::mode_t mode_of(const fs::path& path) {
        struct ::stat about {};
        EXPECT_EQ(::lstat(path.c_str(), &about), 0);
        return about.st_mode & 07777;
    }

    fs::path folder;
};

TEST_F(OwnFiles, AreMadeInPlaceOfAPlantedLink) {
    const auto path = folder / "run.h5.resuming";
    for (const auto* target : {"precious", "dangling"}) {
        fs::remove(path);
        fs::create_symlink(folder / target, path);
        make_own_file(path);
        EXPECT_TRUE(is_own_file(path));
        std::ofstream(path) << "ours";
    }
    make_own_file(path);
    EXPECT_EQ(content_of(path), "");
    EXPECT_EQ(content_of(folder / "precious"), "precious");
    EXPECT_FALSE(fs::exists(folder / "dangling"));
}

TEST_F(OwnFiles, ToAppendToAreKeptAndLinksRefused) {
    make_file_to_append_to(folder / "precious");
    EXPECT_EQ(content_of(folder / "precious"), "precious");
    make_file_to_append_to(folder / "new");
    EXPECT_TRUE(is_own_file(folder / "new"));
    fs::create_symlink("precious", folder / "link");
    EXPECT_ERROR(make_file_to_append_to(folder / "link"), fs::filesystem_error, "cannot be made");
}

TEST_F(OwnFiles, LinksFoldersAndFilesOfOthersAreNotOurs) {
    fs::create_symlink("precious", folder / "link");
    EXPECT_FALSE(is_own_file(folder / "link"));
    EXPECT_FALSE(is_own_file(folder));
    EXPECT_FALSE(is_own_file(folder / "none"));
    EXPECT_TRUE(is_own_file(folder / "precious"));
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown((folder / "precious").c_str(), 4242, 4242), 0);
    EXPECT_FALSE(is_own_file(folder / "precious"));
}

TEST_F(OwnFiles, APrivateFolderIsMadeAndTakenAgain) {
    const auto own = folder / "stemma-1";
    make_private_folder(own);
    EXPECT_EQ(mode_of(own), 0700U);
    make_private_folder(own);
    fs::permissions(own, fs::perms(0755));
    make_private_folder(own);
    EXPECT_EQ(mode_of(own), 0700U) << "others could only read there";
}

TEST_F(OwnFiles, APrivateFolderOfAnybodyElseIsRefused) {
    const auto own = folder / "stemma-1";
    const auto refused = [&](const char* why) {
        EXPECT_THAT([&] { make_private_folder(own); }, ThrowsMessage<UserError>(HasSubstr(why)));
        EXPECT_THAT([&] { make_private_folder(own); }, ThrowsMessage<UserError>(HasSubstr("TMPDIR")));
    };
    fs::create_directory(folder / "elsewhere");
    fs::create_symlink("elsewhere", own);
    refused("is a link");
    fs::remove(own);
    std::ofstream(own) << "";
    refused("no folder");
    fs::remove(own);
    fs::create_directory(own);
    fs::permissions(own, fs::perms(0777));
    refused("written to by others");
    if (::geteuid() != 0) return;
    fs::permissions(own, fs::perms(0700));
    ASSERT_EQ(::chown(own.c_str(), 4242, 4242), 0);
    refused("belongs to another user");
}

}  // namespace
}  // namespace stemma
