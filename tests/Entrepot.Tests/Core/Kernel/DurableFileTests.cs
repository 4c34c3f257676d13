using Entrepot.Core.Kernel;

namespace Entrepot.Tests.Core.Kernel;

public sealed class DurableFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-durable-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_replaced_keeps_its_mode_and_a_link_stays_one()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("files have no mode here, and links need a privilege");
            return;
        }

        var (file, link) = (Path.Combine(_folder, "file"), Path.Combine(_folder, "link"));
        File.WriteAllText(file, "before");
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(file, mode);
        File.CreateSymbolicLink(link, "file");

        DurableFile.Replace(link, "after"u8);

        File.ReadAllText(file).ShouldBe("after");
        File.GetUnixFileMode(file).ShouldBe(mode);
        new FileInfo(link).LinkTarget.ShouldBe("file");
        Directory.GetFiles(_folder).Length.ShouldBe(2, "nothing temporary is left");
    }

    [Fact]
    public void What_is_not_there_is_not_replaced() => Should.Throw<IOException>(() => DurableFile.Replace(Path.Combine(_folder, "none"), "x"u8));

    [Fact]
    public void The_owner_stays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "only root gives files away");
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "before");
        using (var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite))
            PosixFile.TryGive(handle, 12345, 54321).ShouldBeTrue();

        DurableFile.Replace(file, "after"u8);

        PosixFile.OwnerOf(file).ShouldBe((12345u, 54321u));
    }
}
