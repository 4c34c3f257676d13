using System.Net;
using System.Net.Http.Headers;

namespace Entrepot.SystemTests.Drills;

/// <summary>kill -9 of an edge while it fills its cache: no byte that it serves, then or later, differs from the origin's.</summary>
public sealed class KillEdgeTests : IDisposable
{
    private const int Files = 6;
    private const int Readers = 4;

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly byte[][] _content = new byte[Files][];

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task No_served_byte_differs_and_what_was_kept_is_right()
    {
        for (var i = 0; i < Files; i++)
        {
            var file = _folder[$"content/{i}.bin"];
            TestFolder.WriteRandom(file, (5 << 20) + (i * 777_777), i);
            _content[i] = await File.ReadAllBytesAsync(file);
        }

        await using var origin = await EntrepotProcess.StartAsync(_folder["origin"], "serve", "--roles", "origin");
        (await origin.CommandAsync("mirror", "create", "drill")).ShouldSucceed();
        (await origin.CommandAsync("push", _folder["content"], "drill/")).ShouldSucceed();

        long served = 0;
        var rounds = Soak.Rounds(10, 200);
        for (var round = 0; round < rounds; round++)
        {
            // From time to time the cache starts empty, so that fills go on to the end.
            if (round % 5 == 0 && Directory.Exists(Path.Combine(_folder["edge"], "edges")))
                Directory.Delete(Path.Combine(_folder["edge"], "edges"), recursive: true);
            await using var edge = await StartEdgeAsync(origin);
            var random = new Random(round);
            var budget = random.NextInt64(100_000, 25_000_000);
            var seeds = Enumerable.Range(0, Readers).Select(_ => random.Next()).ToList();
            var readers = seeds.Select(seed => ReadAsync(edge, new Random(seed), count => Interlocked.Add(ref budget, -count) > 0)).ToList();
            await Task.WhenAny(readers);
            await edge.KillAsync();
            served += (await Task.WhenAll(readers)).Sum();
        }

        served.ShouldBeGreaterThan(0);
        await using var survivor = await StartEdgeAsync(origin);
        for (var i = 0; i < Files; i++)
            (await _http.GetByteArrayAsync(new Uri(survivor.Url("edge"), $"/drill/{i}.bin"))).AsSpan().SequenceEqual(_content[i]).ShouldBeTrue();

        // With the origin gone it serves what it holds.
        await origin.KillAsync();
        for (var i = 0; i < Files; i++)
            (await _http.GetByteArrayAsync(new Uri(survivor.Url("edge"), $"/drill/{i}.bin"))).AsSpan().SequenceEqual(_content[i]).ShouldBeTrue();
    }

    private async Task<EntrepotProcess> StartEdgeAsync(EntrepotProcess origin)
        => await EntrepotProcess.StartAsync(_folder["edge"], ["serve", "--roles", "edge", .. await origin.JoinArgumentsAsync(_folder["edge"])]);

    /// <summary>Reads random ranges and compares every byte that arrives, until the edge is gone or enough was read.</summary>
    private async Task<long> ReadAsync(EntrepotProcess edge, Random random, Func<int, bool> mayGoOn)
    {
        long total = 0;
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var file = random.Next(Files);
                var content = _content[file];
                var offset = random.Next(content.Length);
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(edge.Url("edge"), $"/drill/{file}.bin"));
                request.Headers.Range = new RangeHeaderValue(offset, Math.Min(content.Length - 1, offset + random.Next(4 << 20)));
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
                await using var body = await response.Content.ReadAsStreamAsync();
                while (await body.ReadAsync(buffer) is > 0 and var read)
                {
                    buffer.AsSpan(0, read).SequenceEqual(content.AsSpan(offset, read)).ShouldBeTrue($"{file}.bin differs at {offset}");
                    offset += read;
                    total += read;
                    if (!mayGoOn(read))
                        return total;
                }
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return total;  // killed
        }
    }
}
