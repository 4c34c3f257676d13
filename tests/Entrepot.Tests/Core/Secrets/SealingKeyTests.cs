using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;

namespace Entrepot.Tests.Core.Secrets;

public sealed class SealingKeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-test-").FullName;

    private string KeyFile => Path.Combine(_folder, "key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_sealed_opens_again_after_a_restart()
        => Gen.Byte.Array[0, 300].Sample(content =>
        {
            byte[] kept;
            using (var key = SealingKey.OpenOrCreate(KeyFile))
                kept = key.Seal(content, "journal:17");
            using var again = SealingKey.OpenOrCreate(KeyFile);
            again.Open(kept, "journal:17").ShouldBe(content);
        }, iter: 50, threads: 1);

    [Fact]
    public void Many_threads_use_one_key()
    {
        using var key = SealingKey.CreateEphemeral();
        Parallel.For(0, 20_000, i =>
        {
            var content = new byte[i % 300];
            content.AsSpan().Fill((byte)i);
            key.Open(key.Seal(content, "a"), "a").ShouldBe(content);
        });
    }

    [Fact]
    public void Every_changed_byte_every_prefix_and_another_purpose_or_key_are_refused()
    {
        using var key = SealingKey.CreateEphemeral();
        using var other = SealingKey.CreateEphemeral();
        var kept = key.Seal("content"u8, "a");

        for (var i = 0; i < kept.Length; i++)
        {
            var changed = kept.ToArray();
            changed[i] ^= 1;
            key.TryOpen(changed, "a").ShouldBeNull();
            key.TryOpen(kept.AsSpan(0, i), "a").ShouldBeNull();
        }

        key.TryOpen(kept, "b").ShouldBeNull();
        other.TryOpen(kept, "a").ShouldBeNull();
        Should.Throw<FaultException>(() => other.Open(kept, "a")).Fault.Is(SecretFault.Broken).ShouldBeTrue();
    }

    [Fact]
    public void The_same_content_never_looks_the_same()
    {
        using var key = SealingKey.CreateEphemeral();
        key.Seal("content"u8, "a").ShouldNotBe(key.Seal("content"u8, "a"));
    }

    [Fact]
    public void The_key_file_is_its_owners_alone_and_refused_otherwise()
    {
        SealingKey.OpenOrCreate(KeyFile).Dispose();
        if (OperatingSystem.IsWindows())
            return;
        File.GetUnixFileMode(KeyFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var fault = Should.Throw<FaultException>(() => SealingKey.OpenOrCreate(KeyFile)).Fault;
        fault.Is(SecretFault.Exposed).ShouldBeTrue();
        fault.Message.ShouldContain(KeyFile);
    }

    [Fact]
    public void A_file_of_another_size_is_no_key()
    {
        SecretFile.Write(KeyFile, "short"u8);
        Should.Throw<FaultException>(() => SealingKey.OpenOrCreate(KeyFile)).Fault.Is(SecretFault.Malformed).ShouldBeTrue();
    }
}
