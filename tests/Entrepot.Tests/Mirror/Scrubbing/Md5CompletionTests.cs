using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Scrubbing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Mirror.Scrubbing;

public sealed class Md5CompletionTests
{
    [Fact]
    public async Task Everything_without_an_md5_gets_one()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var contents = Enumerable.Range(0, 5).Select(i => ScrubWorld.RandomBytes(i * 300_000, i)).ToList();
        foreach (var content in contents)
            await world.PublishAsync($"file-{content.Length}", content);
        world.World.Catalog.FindFingerprint(Sha256Digest.Of(contents[1]))!.Md5.ShouldBeNull();

        await Completion(world).CompleteAllAsync(CancellationToken.None);

        foreach (var content in contents)
            world.World.Catalog.FindFingerprint(Sha256Digest.Of(content))!.Md5.ShouldBe(Md5(content));
        await world.RestartAsync();
        world.World.Catalog.FindFingerprint(Sha256Digest.Of(contents[2]))!.Md5.ShouldBe(Md5(contents[2]));
    }

    [Fact]
    public async Task What_is_handed_over_is_done_at_once_and_what_is_missed_at_the_next_look()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var completion = Completion(world);
        using var stop = new CancellationTokenSource();
        var running = completion.RunAsync(stop.Token);

        var handed = await world.PublishAsync("a", [1]);
        completion.Enqueue(handed.Digest);
        await UntilAsync(() => world.World.Catalog.FindFingerprint(handed.Digest)!.Md5 is not null);
        var missed = await world.PublishAsync("b", [2]);
        await UntilAsync(() =>
        {
            world.World.Time.Advance(TimeSpan.FromMinutes(5));
            return world.World.Catalog.FindFingerprint(missed.Digest)!.Md5 is not null;
        });

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Rotten_bytes_get_no_md5_but_are_mended_first()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes(1000);
        var blob = await world.PublishAsync("a", content);
        world.FlipByte(blob.Digest, 500);
        var sources = world.Sources.ToList();
        world.Sources.Clear();

        await Completion(world).CompleteAllAsync(CancellationToken.None);
        world.World.Catalog.FindFingerprint(blob.Digest)!.Md5.ShouldBeNull();
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([0]);

        world.Sources.AddRange(sources);
        await world.Scrubber.MendKnownAsync();
        await Completion(world).CompleteAllAsync(CancellationToken.None);
        world.World.Catalog.FindFingerprint(blob.Digest)!.Md5.ShouldBe(Md5(content));
    }

    private static Md5Completion Completion(ScrubWorld world)
        => new(world.World.Catalog, world.World.Store, world.Scrubber, world.World.Time, NullLogger<Md5Completion>.Instance);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

#pragma warning disable CA5351
    private static Md5Digest Md5(byte[] content) => new(MD5.HashData(content));
#pragma warning restore CA5351
}
