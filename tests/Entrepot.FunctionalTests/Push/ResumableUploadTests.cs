using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Uploads;

namespace Entrepot.FunctionalTests.Push;

/// <summary>draft-ietf-httpbis-resumable-upload over a real connection.</summary>
public sealed class ResumableUploadTests : IAsyncLifetime
{
    private const string Types = "https://iana.org/assignments/http-problem-types#";

    private static readonly byte[] Content = MakeContent(3 * BlockPool.BlockSize + 777);

    private PushSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await PushSite.StartAsync(uploads: new UploadOptions { DurableEvery = BlockPool.BlockSize });

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Curl_uploads_in_parts_and_the_last_answers_like_the_target()
    {
        var created = await Curl.RunAsync(
            "-i", "-X", "PUT", "-H", "Upload-Complete: ?0", "-H", $"Upload-Length: {Content.Length}", "-d", "", $"{_site.Url}/images/big.img");
        created.Status.ShouldBe(201, created.Body);
        created.Body.ShouldContain("Upload-Complete: ?0");
        created.Body.ShouldContain("Upload-Offset: 0");
        created.Body.ShouldMatch("Upload-Limit: max-age=(86400|8639\\d)\r");
        var location = created.Body.Split('\n').Single(line => line.StartsWith("Location: ", StringComparison.Ordinal))["Location: ".Length..].Trim();
        location.ShouldMatch("^/v1/uploads/[0-9a-f]{32}$");

        var part = Path.Combine(_site.Folder, "part");
        for (var offset = 0; offset < Content.Length; offset += 1_000_000)
        {
            var chunk = Content[offset..Math.Min(offset + 1_000_000, Content.Length)];
            await File.WriteAllBytesAsync(part, chunk, TestContext.Current.CancellationToken);
            var last = offset + chunk.Length == Content.Length;
            var answer = await Curl.RunAsync(
                "-i", "-X", "PATCH", "-H", "Content-Type: application/partial-upload", "-H", $"Upload-Offset: {offset}",
                "-H", $"Upload-Complete: ?{(last ? 1 : 0)}", "-T", part, _site.Url + location);
            answer.Status.ShouldBe(last ? 201 : 204, answer.Body);
            answer.Body.ShouldContain($"Upload-Complete: ?{(last ? 1 : 0)}");
            if (last)
                answer.Body.ShouldContain($"\"digest\":\"{Sha256Digest.Of(Content)}\"");
            else
                answer.Body.ShouldContain($"Upload-Offset: {offset + chunk.Length}");
        }

        _site.ReadFile("big.img").ShouldBe(Content);
    }

    [Fact]
    public async Task An_interrupted_upload_goes_on_from_the_offset_that_is_told()
    {
        var location = await CreateAsync("/images/a.img");
        var offset = 0L;
        foreach (var cut in new[] { 1, 65_536, BlockPool.BlockSize, BlockPool.BlockSize + 5, Content.Length - 1 })
        {
            using (var connection = await _site.ConnectAsync())
            {
                await connection.SendAsync(PatchHead(location, offset, Content.Length - offset, complete: true));
                await connection.SendAsync(Content.AsMemory((int)offset, (int)(Math.Max(cut, offset) - offset)));
                connection.EndSending();
                await connection.ReceiveAllAsync();
            }

            var told = await OffsetAsync(location);
            told.ShouldBeInRange(offset, Math.Max(cut, offset));
            offset = told;
        }

        offset.ShouldBeGreaterThan(0);
        using var answer = await PatchAsync(location, offset, Content[(int)offset..], complete: true);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        _site.ReadFile("a.img").ShouldBe(Content);
        _site.Leftovers().ShouldHaveSingleItem().ShouldEndWith(".json");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_goes_on_after_the_server_was_restarted(bool cutHard)
    {
        var location = await CreateAsync("/images/a.img", ("Repr-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Content))}:"));
        using (var connection = await _site.ConnectAsync())
        {
            await connection.SendAsync(PatchHead(location, 0, Content.Length, complete: true));
            await connection.SendAsync(Content.AsMemory(0, 2 * BlockPool.BlockSize + 99));
            await PushSite.EventuallyAsync(() => _site.Uploads.Find(IdOf(location)).State.Offset >= BlockPool.BlockSize, "a checkpoint on the way");
            if (cutHard)
                connection.Cut();
            else
                connection.EndSending();
            await _site.RestartAsync();
        }

        var offset = await OffsetAsync(location);
        offset.ShouldBeInRange(BlockPool.BlockSize, 2 * BlockPool.BlockSize + 99);
        using var answer = await PatchAsync(location, offset, Content[(int)offset..], complete: true);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        _site.ReadFile("a.img").ShouldBe(Content);
    }

    [Fact]
    public async Task A_first_part_may_come_with_the_creation()
    {
        using var created = await _site.PutAsync("/images/a.img", Content[..100], ("Upload-Complete", "?0"));
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        created.Headers.GetValues("Upload-Offset").ShouldBe(["100"]);

        using var answer = await PatchAsync(created.Headers.Location!.OriginalString, 100, Content[100..], complete: true);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        _site.ReadFile("a.img").ShouldBe(Content);
    }

    [Fact]
    public async Task A_creation_that_is_cut_leaves_nothing()
    {
        using (var connection = await _site.ConnectAsync())
        {
            await connection.SendAsync($"PUT /images/a.img HTTP/1.1\r\nHost: a\r\nUpload-Complete: ?0\r\nContent-Length: {Content.Length}\r\n\r\n");
            await connection.SendAsync(Content.AsMemory(0, 100_000));
            await PushSite.EventuallyAsync(() => _site.Leftovers().Length >= 1, "the upload begins");
            connection.Cut();
        }

        await PushSite.EventuallyAsync(() => _site.Leftovers().Length == 0, "the upload is dropped");
        _site.Uploads.OpenCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_whole_upload_in_one_request_needs_no_resource()
    {
        using var answer = await _site.PutAsync("/images/a.img", Content, ("Upload-Complete", "?1"), ("Upload-Length", $"{Content.Length}"));

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        _site.ReadFile("a.img").ShouldBe(Content);
        _site.Leftovers().ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_offset_is_refused_with_both_offsets()
    {
        var location = await CreateAsync("/images/a.img");
        (await PatchAsync(location, 0, Content[..100], complete: false)).EnsureSuccessStatusCode();

        using var answer = await PatchAsync(location, 50, Content[50..100], complete: false);

        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        answer.Headers.GetValues("Upload-Offset").ShouldBe(["100"]);
        var problem = await PushSite.ProblemAsync(answer);
        problem.GetProperty("type").GetString().ShouldBe(Types + "mismatching-upload-offset");
        problem.GetProperty("expected-offset").GetInt64().ShouldBe(100);
        problem.GetProperty("provided-offset").GetInt64().ShouldBe(50);
        problem.GetProperty("code").GetString().ShouldBe("upload/offset-mismatch");
    }

    [Fact]
    public async Task Lengths_that_contradict_each_other_are_refused()
    {
        using var creation = await _site.PutAsync("/images/a.img", Content[..100], ("Upload-Complete", "?0"), ("Upload-Length", "99"));
        await ShouldBeInconsistentAsync(creation);
        using var whole = await _site.PutAsync("/images/a.img", Content[..100], ("Upload-Complete", "?1"), ("Upload-Length", "99"));
        await ShouldBeInconsistentAsync(whole);

        var location = await CreateAsync("/images/a.img", ("Upload-Length", "100"));
        using var longer = await PatchAsync(location, 0, Content[..101], complete: false);
        await ShouldBeInconsistentAsync(longer);
        using var other = await PatchAsync(location, 0, Content[..10], complete: false, ("Upload-Length", "50"));
        await ShouldBeInconsistentAsync(other);
        using var shorter = await PatchAsync(location, 0, Content[..10], complete: true);
        await ShouldBeInconsistentAsync(shorter);

        // None of it did harm.
        (await PatchAsync(location, 0, Content[..100], complete: true)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task More_bytes_than_announced_without_a_content_length_end_the_upload()
    {
        var location = await CreateAsync("/images/a.img", ("Upload-Length", "10"));
        using var connection = await _site.ConnectAsync();
        await connection.SendAsync(
            $"PATCH {location} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/partial-upload\r\n"
            + "Upload-Offset: 0\r\nUpload-Complete: ?0\r\nConnection: close\r\n\r\nb\r\nhello world\r\n0\r\n\r\n");

        (await connection.ReceiveAllAsync()).ShouldStartWith("HTTP/1.1 400");

        (await HeadAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _site.Leftovers().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_finished_upload_says_so_and_takes_nothing_more()
    {
        var location = await CreateAsync("/images/a.img");
        (await PatchAsync(location, 0, Content, complete: true)).EnsureSuccessStatusCode();

        using (var head = await HeadAsync(location))
        {
            head.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            head.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
            head.Headers.GetValues("Upload-Offset").ShouldBe([$"{Content.Length}"]);
            head.Headers.GetValues("Upload-Length").ShouldBe([$"{Content.Length}"]);
            head.Headers.ETag!.Tag.ShouldBe($"\"{Sha256Digest.Of(Content)}\"");
            head.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }

        using var empty = await PatchAsync(location, Content.Length, [], complete: true);
        empty.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await PushSite.ProblemAsync(empty);
        problem.GetProperty("type").GetString().ShouldBe(Types + "completed-upload");
        problem.GetProperty("outcome").GetProperty("result").GetProperty("path").GetString().ShouldBe("a.img");
        using var more = await PatchAsync(location, Content.Length, [1], complete: true);
        await ShouldBeInconsistentAsync(more);
    }

    [Fact]
    public async Task An_empty_last_request_completes_what_has_arrived()
    {
        var location = await CreateAsync("/images/a.img");
        (await PatchAsync(location, 0, Content, complete: false)).EnsureSuccessStatusCode();

        (await PatchAsync(location, Content.Length, [], complete: true)).StatusCode.ShouldBe(HttpStatusCode.Created);

        _site.ReadFile("a.img").ShouldBe(Content);
    }

    [Fact]
    public async Task A_newer_request_cuts_the_one_that_hangs()
    {
        var location = await CreateAsync("/images/a.img");
        using var hanging = await _site.ConnectAsync();
        await hanging.SendAsync(PatchHead(location, 0, Content.Length, complete: true));
        await hanging.SendAsync(Content.AsMemory(0, 2 * BlockPool.BlockSize));
        await PushSite.EventuallyAsync(() => _site.Uploads.Find(IdOf(location)).State.Offset > 0, "bytes arrive");

        var offset = await OffsetAsync(location);

        offset.ShouldBeInRange(BlockPool.BlockSize, 2 * BlockPool.BlockSize);
        (await hanging.ReceiveAllAsync()).ShouldBeEmpty();
        (await PatchAsync(location, offset, Content[(int)offset..], complete: true)).StatusCode.ShouldBe(HttpStatusCode.Created);
        _site.ReadFile("a.img").ShouldBe(Content);
    }

    [Fact]
    public async Task A_cancelled_upload_is_gone_and_its_writer_is_cut()
    {
        var location = await CreateAsync("/images/a.img");
        using var hanging = await _site.ConnectAsync();
        await hanging.SendAsync(PatchHead(location, 0, Content.Length, complete: true));
        await hanging.SendAsync(Content.AsMemory(0, BlockPool.BlockSize + 1));
        await PushSite.EventuallyAsync(() => _site.Uploads.Find(IdOf(location)).State.Offset > 0, "bytes arrive");

        using var cancelled = await _site.SendAsync(HttpMethod.Delete, location);

        cancelled.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await hanging.ReceiveAllAsync()).ShouldBeEmpty();
        (await HeadAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _site.Leftovers().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_is_not_what_was_stated_ends_with_nothing_left()
    {
        var location = await CreateAsync("/images/a.img", ("X-Checksum-Md5", new string('0', 32)));
        (await PatchAsync(location, 0, Content[..1000], complete: false)).EnsureSuccessStatusCode();

        using var answer = await PatchAsync(location, 1000, Content[1000..], complete: true);

        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        answer.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        (await PushSite.ProblemAsync(answer)).GetProperty("detail").GetString()!.ShouldContain(new string('0', 32));
        _site.Leftovers().ShouldBeEmpty();
        _site.BlobFiles().ShouldBeEmpty();
        (await HeadAsync(location)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_part_that_is_not_what_was_stated_is_not_appended()
    {
        var location = await CreateAsync("/images/a.img");
        (await PatchAsync(location, 0, Content[..1000], complete: false)).EnsureSuccessStatusCode();
        var digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Content[1000..]))}:";

        using var wrong = await PatchAsync(location, 1000, new byte[Content.Length - 1000], complete: true, ("Content-Digest", digest));

        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        wrong.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);
        wrong.Headers.GetValues("Upload-Offset").ShouldBe(["1000"]);
        using var right = await PatchAsync(location, 1000, Content[1000..], complete: true, ("Content-Digest", digest));
        right.StatusCode.ShouldBe(HttpStatusCode.Created);
        _site.ReadFile("a.img").ShouldBe(Content);
    }

    [Fact]
    public async Task A_digest_stated_with_the_last_part_counts()
    {
        var location = await CreateAsync("/images/a.img");
        (await PatchAsync(location, 0, Content[..1000], complete: false)).EnsureSuccessStatusCode();

        using var answer = await PatchAsync(location, 1000, Content[1000..], complete: true, ("X-Checksum-Sha512", new string('a', 128)));

        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PushSite.ProblemAsync(answer)).GetProperty("detail").GetString()!.ShouldContain(Convert.ToHexStringLower(SHA512.HashData(Content)));
    }

    [Fact]
    public async Task A_blob_can_be_uploaded_in_parts()
    {
        var digest = Sha256Digest.Of(Content);
        var location = await CreateAsync($"/v1/blobs/{digest}");
        (await PatchAsync(location, 0, Content[..1000], complete: false)).EnsureSuccessStatusCode();
        (await PatchAsync(location, 1000, Content[1000..], complete: true)).StatusCode.ShouldBe(HttpStatusCode.Created);

        using var head = await _site.SendAsync(HttpMethod.Head, $"/v1/blobs/{digest}");
        head.Content.Headers.ContentLength.ShouldBe(Content.Length);
        var wrong = await CreateAsync($"/v1/blobs/sha256:{new string('0', 64)}");
        (await PatchAsync(wrong, 0, Content, complete: true)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task A_condition_is_judged_when_the_upload_ends()
    {
        var location = await CreateAsync("/images/a.img", ("If-None-Match", "*"));
        (await _site.PutAsync("/images/a.img", [1])).EnsureSuccessStatusCode();

        using var answer = await PatchAsync(location, 0, Content, complete: true);

        answer.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        answer.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        _site.ReadFile("a.img").ShouldBe([1]);
        _site.Uploads.OpenCount.ShouldBe(0);
    }

    [Fact]
    public async Task What_the_protocol_needs_is_asked_for()
    {
        var location = await CreateAsync("/images/a.img");
        using var octets = await _site.SendAsync(
            HttpMethod.Patch, location, [1], ("Upload-Offset", "0"), ("Upload-Complete", "?0"), ("Content-Type", "application/octet-stream"));
        octets.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        octets.Headers.GetValues("Accept-Patch").ShouldBe(["application/partial-upload"]);

        foreach (var (name, value) in new[] { ("Upload-Offset", "-1"), ("Upload-Offset", "x"), ("Upload-Complete", "1"), ("Upload-Complete", "true") })
        {
            using var response = await PatchAsync(location, 0, [1], complete: false, (name, value));
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, $"{name}: {value}");
            (await PushSite.ProblemAsync(response)).GetProperty("detail").GetString()!.ShouldContain(name);
        }
    }

    [Fact]
    public async Task Options_tell_that_uploads_can_be_resumed()
    {
        foreach (var target in new[] { "/images/a.img", $"/v1/blobs/sha256:{new string('0', 64)}" })
        {
            using var response = await _site.SendAsync(HttpMethod.Options, target);
            response.Headers.GetValues("Accept-Patch").ShouldBe(["application/partial-upload"]);
            response.Headers.GetValues("Upload-Limit").ShouldBe(["max-age=86400"]);
        }
    }

    [Fact]
    public async Task No_more_uploads_open_than_the_limit()
    {
        await using var small = await PushSite.StartAsync(uploads: new UploadOptions { MaxOpen = 2, MaxBytes = 100 });
        for (var i = 0; i < 2; i++)
            (await small.PutAsync("/images/a.img", [], ("Upload-Complete", "?0"))).StatusCode.ShouldBe(HttpStatusCode.Created);

        using var third = await small.PutAsync("/images/a.img", [], ("Upload-Complete", "?0"));
        third.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        third.Headers.RetryAfter.ShouldNotBeNull();
        using var large = await small.PutAsync("/images/a.img", [], ("Upload-Complete", "?0"), ("Upload-Length", "101"));
        large.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        large.Headers.GetValues("Upload-Limit").ShouldBe(["max-size=100, max-age=86400"]);
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(11).NextBytes(content);
        return content;
    }

    private static string IdOf(string location) => location[(location.LastIndexOf('/') + 1)..];

    private static string PatchHead(string location, long offset, long length, bool complete)
        => $"PATCH {location} HTTP/1.1\r\nHost: a\r\nContent-Type: application/partial-upload\r\nUpload-Offset: {offset}\r\n"
            + $"Upload-Complete: ?{(complete ? 1 : 0)}\r\nContent-Length: {length}\r\n\r\n";

    private static async Task ShouldBeInconsistentAsync(HttpResponseMessage response)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await PushSite.ProblemAsync(response)).GetProperty("type").GetString().ShouldBe(Types + "inconsistent-upload-length");
    }

    private async Task<string> CreateAsync(string target, params (string Name, string Value)[] headers)
    {
        using var response = await _site.PutAsync(target, [], [.. headers, ("Upload-Complete", "?0")]);
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.OriginalString;
    }

    private Task<HttpResponseMessage> HeadAsync(string location) => _site.SendAsync(HttpMethod.Head, location);

    private async Task<long> OffsetAsync(string location)
    {
        using var response = await HeadAsync(location);
        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        response.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);
        return long.Parse(response.Headers.GetValues("Upload-Offset").Single());
    }

    private async Task<HttpResponseMessage> PatchAsync(
        string location, long offset, byte[] part, bool complete, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(part) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/partial-upload");
        request.Headers.Add("Upload-Offset", $"{offset}");
        request.Headers.Add("Upload-Complete", complete ? "?1" : "?0");
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _site.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
