using System.Net;
using System.Net.Http.Headers;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;

namespace Entrepot.FunctionalTests.Http;

/// <summary>RFC 9110 §13 and §14 over a real connection.</summary>
public sealed class ContentResponderTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly byte[] Content = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31 >> 3))];
    private static readonly DateTimeOffset Modified = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _file = Path.GetTempFileName();
    private readonly ContentHeaders _headers = new(Sha256Digest.Of(Content), "a.img", Modified, ContentHeaders.Revalidate);
    private TestSurface _surface = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllBytesAsync(_file, Content, Cancellation);
        _surface = await TestSurface.StartAsync(app => app.Run(async context =>
        {
            using var handle = File.OpenHandle(_file);
            await ContentResponder.RespondAsync(context, _headers, new FileBody(handle, Content.Length, "a.img"));
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _surface.DisposeAsync();
        File.Delete(_file);
    }

    [Fact]
    public async Task The_whole_comes_with_validators_and_digest()
    {
        using var response = await _surface.Http.GetAsync("/", Cancellation);

        (await response.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBe(Content);
        response.Headers.ETag!.Tag.ShouldBe($"\"{_headers.Digest}\"");
        response.Headers.ETag.IsWeak.ShouldBeFalse();
        response.Headers.AcceptRanges.ShouldContain("bytes");
        response.Content.Headers.LastModified.ShouldBe(Modified);
        response.Headers.GetValues("Repr-Digest").Single().ShouldStartWith("sha-256=:");
    }

    [Fact]
    public async Task HEAD_has_the_headers_and_no_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        using var response = await _surface.Http.SendAsync(request, Cancellation);
        response.Content.Headers.ContentLength.ShouldBe(Content.Length);
        (await response.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("bytes=0-9")]
    [InlineData("bytes=0-9,20-29")]
    [InlineData("bytes=200000-")]
    public async Task HEAD_ignores_ranges_which_are_for_GET_only(string range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        request.Headers.TryAddWithoutValidation("Range", range).ShouldBeTrue();
        using var response = await _surface.Http.SendAsync(request, Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.ShouldBe(Content.Length);
        response.Content.Headers.ContentRange.ShouldBeNull();
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=0-", 0, 200_000)]
    [InlineData("bytes=199999-", 199_999, 1)]
    [InlineData("bytes=199990-999999999999999999999", 199_990, 10)]
    [InlineData("bytes=-5", 199_995, 5)]
    [InlineData("bytes=-900000", 0, 200_000)]
    [InlineData("BYTES=10-19", 10, 10)]
    [InlineData("bytes=10-19, 15-30", 10, 21)]
    [InlineData("bytes=, 10-19,", 10, 10)]
    public async Task A_single_range_is_206(string range, int offset, int length)
    {
        using var response = await GetAsync("Range", range);
        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        response.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes {offset}-{offset + length - 1}/200000");
        (await response.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBe(Content[offset..(offset + length)]);
    }

    [Theory]
    [InlineData("bytes=200000-")]
    [InlineData("bytes=-0")]
    public async Task A_range_beyond_the_end_is_416_with_the_size(string range)
    {
        using var response = await GetAsync("Range", range);
        response.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        response.Content.Headers.ContentRange!.ToString().ShouldBe("bytes */200000");
    }

    [Theory]
    [InlineData("lines=1-2")]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=")]
    [InlineData("bytes=1-2,x")]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32")]
    public async Task A_range_that_is_malformed_or_unreasonable_is_ignored(string range)
    {
        using var response = await GetAsync("Range", range);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.ShouldBe(Content.Length);
    }

    [Fact]
    public async Task Several_ranges_come_as_multipart_with_the_announced_length()
    {
        using var response = await GetAsync("Range", "bytes=0-9,100-199,-10");
        var body = await response.Content.ReadAsByteArrayAsync(Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        body.Length.ShouldBe((int)response.Content.Headers.ContentLength!.Value);
        var boundary = response.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value!;
        var parts = SplitParts(body, boundary);
        parts.Count.ShouldBe(3);
        parts[0].ShouldBe(Content[..10]);
        parts[1].ShouldBe(Content[100..200]);
        parts[2].ShouldBe(Content[^10..]);
    }

    [Fact]
    public async Task Any_set_of_ranges_gives_the_bytes_it_names()
        => await Gen.Select(Gen.Long[0, 250_000], Gen.Long[1, 250_000]).Array[1, 6].SampleAsync(
            async pairs =>
            {
                var header = "bytes=" + string.Join(",", pairs.Select(p => $"{p.Item1}-{p.Item1 + p.Item2 - 1}"));
                using var response = await GetAsync("Range", header);
                var outcome = ByteRanges.Resolve(header, Content.Length, out var ranges);
                var wanted = pairs.Where(p => p.Item1 < Content.Length).ToList();
                (outcome == RangeOutcome.Unsatisfiable).ShouldBe(wanted.Count == 0);
                var covered = new bool[Content.Length];
                foreach (var r in ranges)
                    Array.Fill(covered, true, (int)r.Offset, (int)r.Length);
                foreach (var (offset, length) in wanted)
                {
                    covered[offset].ShouldBeTrue();
                    covered[Math.Min(offset + length, Content.Length) - 1].ShouldBeTrue();
                }

                covered.Count(c => c).ShouldBe((int)ranges.Sum(r => r.Length), "ranges overlap");
                if (ranges.Count == 1)
                    (await response.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBe(Content[(int)ranges[0].Offset..(int)(ranges[0].Last + 1)]);
            },
            iter: 60, threads: 1);

    [Theory]
    [InlineData("If-None-Match", "TAG", 304)]
    [InlineData("If-None-Match", "W/TAG", 304)]
    [InlineData("If-None-Match", "\"x\", TAG", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"other\"", 200)]
    [InlineData("If-Match", "TAG", 200)]
    [InlineData("If-Match", "W/TAG", 412)]
    [InlineData("If-Match", "\"other\"", 412)]
    [InlineData("If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT", 304)]
    [InlineData("If-Modified-Since", "Fri, 02 Jan 2026 03:04:04 GMT", 200)]
    [InlineData("If-Modified-Since", "Fri, 02 Jan 2026 03:04:06 GMT", 200)]  // of a file that a rollback has withdrawn
    [InlineData("If-Modified-Since", "nonsense", 200)]
    [InlineData("If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:06 GMT", 200)]
    [InlineData("If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:04 GMT", 412)]
    [InlineData("If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:05 GMT", 200)]
    public async Task Conditions_follow_section_13(string header, string value, int status)
    {
        using var response = await GetAsync(header, value.Replace("TAG", $"\"{_headers.Digest}\"", StringComparison.Ordinal));
        ((int)response.StatusCode).ShouldBe(status);
    }

    [Theory]
    [InlineData("TAG", 206)]
    [InlineData("W/TAG", 200)]
    [InlineData("\"other\"", 200)]
    [InlineData("Fri, 02 Jan 2026 03:04:05 GMT", 206)]
    [InlineData("Fri, 02 Jan 2026 03:04:06 GMT", 200)]
    public async Task A_range_applies_only_while_If_Range_holds(string condition, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Range = new RangeHeaderValue(1, 2);
        request.Headers.TryAddWithoutValidation("If-Range", condition.Replace("TAG", $"\"{_headers.Digest}\"", StringComparison.Ordinal));
        using var response = await _surface.Http.SendAsync(request, Cancellation);
        ((int)response.StatusCode).ShouldBe(status);
    }

    [Fact]
    public async Task Other_methods_are_405_and_told_what_would_do()
    {
        using var response = await _surface.Http.PostAsync("/", null, Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        response.Content.Headers.Allow.ShouldBe(["GET", "HEAD"]);
    }

    private static List<byte[]> SplitParts(byte[] body, string boundary)
    {
        var text = System.Text.Encoding.Latin1.GetString(body);
        return [.. text.Split($"\r\n--{boundary}")[1..^1].Select(part => System.Text.Encoding.Latin1.GetBytes(part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]))];
    }

    private async Task<HttpResponseMessage> GetAsync(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue();
        return await _surface.Http.SendAsync(request, Cancellation);
    }
}
