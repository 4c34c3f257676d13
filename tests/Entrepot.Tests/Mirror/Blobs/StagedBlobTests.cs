using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Tests.Mirror.Blobs;

public sealed class StagedBlobTests
{
    private const int MiB = 1 << 20;

    private static readonly byte[] Content = RandomBytes((5 * MiB) + 3);

    [Fact]
    public async Task However_the_bytes_come_in_they_are_stored_and_fingerprinted_the_same()
    {
        await using var world = MirrorWorld.Open();
        await Gen.Select(Gen.Int[0, Content.Length], Gen.Int[1, 2 * MiB].List[1, 8], Gen.Bool, Gen.Bool).SampleAsync(
            async (size, cuts, flushes, hinted) =>
            {
                var content = Content.AsMemory(0, size);
                await using var staged = world.Store.Stage(Expectation.None, hinted ? size : null);
                for (int offset = 0, i = 0; offset < size; i++)
                {
                    var part = content.Slice(offset, Math.Min(cuts[i % cuts.Count], size - offset));
                    await staged.WriteAsync(part, CancellationToken.None);
                    if (flushes)
                        await staged.FlushAsync(CancellationToken.None);
                    offset += part.Length;
                    staged.Length.ShouldBe(offset);
                }

                var blob = world.Store.Store(await staged.VerifyAsync(CancellationToken.None)).Fingerprint;

                (blob.Size, blob.Digest).ShouldBe((size, Sha256Digest.Of(content.Span)));
                blob.IsConsistent().ShouldBeTrue();
                (await File.ReadAllBytesAsync(world.BlobPath(blob.Digest))).AsSpan().SequenceEqual(content.Span).ShouldBeTrue();
            },
            iter: 20, threads: 1);
        Directory.EnumerateFiles(Path.Combine(world.Folder, "blobs", "staging")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_size_that_was_guessed_wrong_costs_a_second_pass_and_gives_the_right_pieces()
    {
        await using var world = MirrorWorld.Open();
        await using var staged = world.Store.Stage(Expectation.None, sizeHint: 4L << 30);
        await staged.WriteAsync(Content, CancellationToken.None);

        var blob = (await staged.VerifyAsync(CancellationToken.None)).Fingerprint;

        blob.PieceSize.ShouldBe(MiB);
        blob.Pieces.Select(piece => piece.Sha256).ShouldBe(Content.Chunk(MiB).Select(piece => Sha256Digest.Of(piece)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_not_verified_leaves_nothing_behind(bool mismatch)
    {
        await using var world = MirrorWorld.Open();
        var stated = Expectation.FromHex(ChecksumAlgorithm.Sha256, new string('0', 64), "X-Checksum-Sha256");
        await using (var staged = world.Store.Stage(new Expectation(null, mismatch ? [stated] : [])))
        {
            await staged.WriteAsync(Content, CancellationToken.None);
            if (mismatch)
                (await Should.ThrowAsync<FaultException>(() => staged.VerifyAsync(CancellationToken.None))).Fault.Is(VerificationFault.DigestMismatch).ShouldBeTrue();
        }

        Directory.EnumerateFiles(Path.Combine(world.Folder, "blobs", "staging")).ShouldBeEmpty();
        world.Store.Enumerate().ShouldBeEmpty();
        EveryBlockIsFree(world.Pool, 8);
    }

    [Fact]
    public async Task More_bytes_than_announced_end_the_upload_with_the_reason()
    {
        await using var world = MirrorWorld.Open();
        await using (var staged = world.Store.Stage(new Expectation(2 * MiB, [])))
        {
            var error = await Should.ThrowAsync<FaultException>(async () =>
            {
                for (var i = 0; i < 20; i++)
                    await staged.WriteAsync(Content.AsMemory(0, MiB), CancellationToken.None);
                await staged.VerifyAsync(CancellationToken.None);
            });
            error.Fault.Is(VerificationFault.SizeMismatch).ShouldBeTrue(error.Fault.Code);
        }

        EveryBlockIsFree(world.Pool, 8);
    }

    [Fact]
    public async Task Fewer_bytes_than_announced_are_a_mismatch_however_large_the_announcement()
    {
        await using var world = MirrorWorld.Open();
        await using var staged = world.Store.Stage(new Expectation(4L << 30, []));
        await staged.WriteAsync("short"u8.ToArray(), CancellationToken.None);

        (await Should.ThrowAsync<FaultException>(() => staged.VerifyAsync(CancellationToken.None))).Fault.Is(VerificationFault.SizeMismatch).ShouldBeTrue();
    }

    [Fact]
    public async Task Slow_senders_that_hold_every_block_do_not_stop_the_others()
    {
        await using var world = MirrorWorld.Open();
        var slow = new List<StagedBlob>();
        for (var i = 0; i < 8; i++)
        {
            slow.Add(world.Store.Stage(Expectation.None));
            await slow[i].WriteAsync(Content.AsMemory(0, 10), CancellationToken.None);
        }

        world.Pool.TryRent(out _).ShouldBeFalse();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using (var fast = world.Store.Stage(Expectation.None))
        {
            foreach (var part in Content.Chunk(100_000))
                await fast.WriteAsync(part, deadline.Token);
            (await fast.VerifyAsync(deadline.Token)).Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
        }

        foreach (var staged in slow)
            await staged.DisposeAsync();
        EveryBlockIsFree(world.Pool, 8);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(3 * MiB)]
    public async Task A_full_disk_is_said_to_be_full(int size)
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("/dev/full, which answers every write with ENOSPC, is a Linux device.");
        await using var world = MirrorWorld.Open();
        var link = Path.Combine(world.Folder, "full");
        File.CreateSymbolicLink(link, "/dev/full");
        await using (var staged = new StagedBlob(link, Expectation.None, null, world.Pool))
        {
            var error = await Should.ThrowAsync<FaultException>(async () =>
            {
                foreach (var part in Content[..size].Chunk(MiB / 3))
                    await staged.WriteAsync(part, CancellationToken.None);
                await staged.VerifyAsync(CancellationToken.None);
            });
            error.Fault.Is(BlobFault.DiskFull).ShouldBeTrue(error.Fault.Code);
            error.Fault.Kind.ShouldBe(FaultKind.Exhausted);
            error.Message.ShouldContain(link);
        }

        EveryBlockIsFree(world.Pool, 8);
    }

    private static void EveryBlockIsFree(BlockPool pool, int count)
    {
        var blocks = new List<byte[]>();
        while (blocks.Count <= count && pool.TryRent(out var block))
            blocks.Add(block);
        blocks.Count.ShouldBe(count);
        blocks.ForEach(pool.Return);
    }

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(11).NextBytes(bytes);
        return bytes;
    }
}
