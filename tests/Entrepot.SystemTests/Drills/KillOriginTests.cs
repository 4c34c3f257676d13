using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Drills;

/// <summary>kill -9 of the origin while several clients push: what was acknowledged is there and right, nothing half-done is visible,
/// and no temporary file stays.</summary>
public sealed class KillOriginTests : IDisposable
{
    private const int Pushers = 4;
    private const int LargestFile = 3 << 20;

    private readonly TestFolder _folder = new();
    private readonly ConcurrentDictionary<string, string> _acknowledged = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_nothing_half_done_is_seen()
    {
        var data = _folder["data"];
        await using (var first = await StartAsync(data))
            (await first.CommandAsync("mirror", "create", "drill")).ShouldSucceed();

        for (var round = 0; round < Soak.Rounds(12, 200); round++)
        {
            await using var origin = await StartAsync(data);
            Directory.EnumerateFiles(Path.Combine(data, "blobs", "staging")).ShouldBeEmpty($"round {round}");
            await CheckAsync(origin, round);
            await PushUntilKilledAsync(origin, new Random(round), round);
        }

        await using var last = await StartAsync(data);
        Directory.EnumerateFiles(Path.Combine(data, "blobs", "staging")).ShouldBeEmpty();
        _acknowledged.ShouldNotBeEmpty();
        await CheckAsync(last, -1);
        (await last.CommandAsync("verify", "--deep")).ShouldSucceed();
    }

    private static Task<EntrepotProcess> StartAsync(string data) => EntrepotProcess.StartAsync(data, "serve", "--roles", "origin");

    /// <summary>Every file of the published snapshot has the bytes that its digest names, and every acknowledged push is in it.</summary>
    private async Task CheckAsync(EntrepotProcess origin, int round)
    {
        var metadata = origin.Url("metadata");
        var listing = await _http.GetStringAsync(new Uri(metadata, "/v1/mirrors/drill/listing"));
        var published = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line[66..], line => line[..64]);
        foreach (var (path, digest) in _acknowledged)
            published.ShouldContainKeyAndValue(path, digest, $"round {round}: an acknowledged push is missing or differs");

        // All at the end; while it goes on, those of the last round.
        foreach (var (path, digest) in published.Where(file => round < 0 || file.Key.StartsWith($"{round - 1}/", StringComparison.Ordinal)))
        {
            var bytes = await _http.GetByteArrayAsync(new Uri(metadata, $"/v1/blobs/sha256:{digest}"));
            Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe(digest, $"round {round}: {path}");
        }
    }

    private async Task PushUntilKilledAsync(EntrepotProcess origin, Random random, int round)
    {
        // The kill comes when so many bytes have been sent, wherever in whichever request that is.
        var budget = random.NextInt64(200_000, 20_000_000);
        var trigger = new Trigger(budget, origin.KillAsync);
        var seeds = Enumerable.Range(0, Pushers).Select(_ => random.Next()).ToList();
        await Task.WhenAll(seeds.Select((seed, pusher) => PushAsync(origin, trigger, new Random(seed), $"{round}/{pusher}")));
        await trigger.Fired;
    }

    private async Task PushAsync(EntrepotProcess origin, Trigger trigger, Random random, string prefix)
    {
        var credential = origin.Credential;
        for (var i = 0; !trigger.Fired.IsCompleted; i++)
        {
            var bytes = new byte[random.Next(1, LargestFile)];
            random.NextBytes(bytes);
            var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
            var path = $"{prefix}-{i}.bin";
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(origin.Url("push"), $"/drill/{path}"))
                {
                    Content = new TriggeringContent(bytes, trigger), Headers = { Authorization = credential },
                };
                using var response = await _http.SendAsync(request);
                response.StatusCode.ShouldBe(HttpStatusCode.Created);
                (await response.Content.ReadFromJsonAsync(ApiJson.Default.PushResult))!.Digest.Hex.ShouldBe(digest);
                _acknowledged[path] = digest;
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                return;  // killed; not acknowledged, so either outcome is right
            }
        }
    }

    /// <summary>Calls the kill once so many bytes have gone out.</summary>
    private sealed class Trigger(long budget, Func<Task> kill)
    {
        private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _left = budget;

        public Task Fired => _fired.Task;

        public async Task SpendAsync(int bytes)
        {
            var left = Interlocked.Add(ref _left, -bytes);
            if (left > 0 || left + bytes <= 0)
                return;
            await kill();
            _fired.TrySetResult();
        }
    }

    private sealed class TriggeringContent(byte[] bytes, Trigger trigger) : HttpContent
    {
        private const int Chunk = 16 * 1024;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var offset = 0; offset < bytes.Length; offset += Chunk)
            {
                var part = bytes.AsMemory(offset, Math.Min(Chunk, bytes.Length - offset));
                await stream.WriteAsync(part);
                await trigger.SpendAsync(part.Length);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
