namespace Entrepot.SystemTests.Drills;

/// <summary>Memory does not grow with the number of clients, nor with the size of what they move.</summary>
public sealed class MemoryTests
{
    private const long LimitMiB = 250;

    [Fact]
    public async Task Sixty_four_downloads_and_a_large_upload_stay_under_250_MiB()
    {
        var size = Soak.Bytes(256L << 20, 2L << 30);
        await using var network = await TestNetwork.StartAsync(1);
        var file = network.Folder["large.bin"];
        var digest = TestFolder.WriteRandom(file, size, 1);
        (await network.Origin.CommandAsync("mirror", "create", "images")).ShouldSucceed();
        (await Command.RunAsync("curl", "-fsS", "-H", $"Authorization: {network.Origin.Credential}", "-T", file, $"{network.Origin.Url("push")}images/large.bin")).ShouldSucceed().Output.ShouldContain(digest);
        var (_, uploaded) = network.Origin.Memory;

        // Cold: the first clients make the edge fill its cache while all of them read.
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(10) };
        var address = new Uri(network.Edges[0].Url("edge"), "/images/large.bin");
        var totals = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => DrainAsync(http, address)));

        totals.ShouldAllBe(total => total == size);
        var (_, originPeak) = network.Origin.Memory;
        var (_, edgePeak) = network.Edges[0].Memory;
        TestContext.Current.TestOutputHelper!.WriteLine($"origin {uploaded} MiB after the upload, {originPeak} MiB at its peak; edge {edgePeak} MiB at its peak");
        uploaded.ShouldBeLessThan(LimitMiB);
        originPeak.ShouldBeLessThan(LimitMiB);
        edgePeak.ShouldBeLessThan(LimitMiB);
    }

    private static async Task<long> DrainAsync(HttpClient http, Uri address)
    {
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[256 * 1024];
        long total = 0;
        while (await body.ReadAsync(buffer) is > 0 and var read)
            total += read;
        return total;
    }
}
