using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.FunctionalTests.Push;

/// <summary>Files through the push surface, with curl and with bare sockets.</summary>
public sealed class PushFileTests : IAsyncLifetime
{
    private static readonly byte[] Content = MakeContent(2 * BlockPool.BlockSize + 4321);

    private PushSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await PushSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Curl_puts_a_file_and_gets_the_proof_back()
    {
        var file = WriteFile("disk.img", Content);
        var first = await Curl.RunAsync("-i", "-T", file, $"{_site.Url}/images/24.04/disk.img");

        first.Status.ShouldBe(201, first.Body);
        first.Body.ShouldContain($"ETag: \"{Sha256Digest.Of(Content)}\"");
        first.Body.ShouldContain($"Repr-Digest: sha-256=:{Convert.ToBase64String(SHA256.HashData(Content))}:");
        first.Body.ShouldContain("Location: http://downloads.test:8080/images/24.04/disk.img");
        var result = JsonDocument.Parse(first.Body[first.Body.IndexOf('{')..]).RootElement;
        result.GetProperty("snapshot").GetInt64().ShouldBe(1);
        result.GetProperty("created").GetBoolean().ShouldBeTrue();
        result.GetProperty("size").GetInt64().ShouldBe(Content.Length);
        _site.ReadFile("24.04/disk.img").ShouldBe(Content);
        _site.Journal.Single(entry => entry.Action == "snapshot.publish").Actor.ShouldBe("operator@127.0.0.1");

        var again = await Curl.RunAsync("-T", file, $"{_site.Url}/images/24.04/disk.img");
        again.Status.ShouldBe(200);
        JsonDocument.Parse(again.Body).RootElement.GetProperty("created").GetBoolean().ShouldBeFalse();
        _site.Current.Number.ShouldBe(1);
        _site.Leftovers().ShouldBeEmpty();
    }

    [Fact]
    public async Task Curl_adds_the_name_to_an_address_that_ends_in_a_slash()
    {
        (await Curl.RunAsync("-T", WriteFile("a b+c.img", Content), $"{_site.Url}/images/new%20dir/")).Status.ShouldBe(201);

        _site.ReadFile("new dir/a b+c.img").ShouldBe(Content);
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2-prior-knowledge")]
    [InlineData("--http1.0")]
    public async Task A_body_of_unknown_length_works(string version)
    {
        var answer = await Curl.RunAsync(Content, version, "-T", "-", $"{_site.Url}/images/stream.img");

        if (version == "--http1.0")
        {
            // curl can't send a length that it does not know, and HTTP/1.0 has no chunks.
            answer.ExitCode.ShouldBe(25, answer.Error);
            _site.Current.Number.ShouldBe(0);
            return;
        }

        answer.Status.ShouldBe(201, answer.Error);
        _site.ReadFile("stream.img").ShouldBe(Content);
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        (await _site.PutAsync("/images/empty", [])).StatusCode.ShouldBe(HttpStatusCode.Created);

        _site.ReadFile("empty").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Content-MD5", "md5")]
    [InlineData("Content-Digest", "sha-256")]
    [InlineData("Content-Digest", "sha-512")]
    [InlineData("Repr-Digest", "sha-256")]
    [InlineData("Repr-Digest", "md5")]
    [InlineData("Repr-Digest", "sha")]
    [InlineData("X-Checksum-Sha256", "hex")]
    [InlineData("X-Checksum-Sha512", "hex")]
    [InlineData("X-Checksum-Sha1", "hex")]
    [InlineData("X-Checksum-Md5", "hex")]
    [InlineData("X-Checksum-Crc32", "hex")]
    public async Task What_is_stated_is_compared_and_a_mismatch_leaves_nothing(string header, string form)
    {
        var right = State(header, form, Content);
        byte[] changed = [.. Content];
        changed[Content.Length / 2] ^= 1;

        using var refused = await _site.PutAsync("/images/a.img", changed, (header, right));

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var problem = await PushSite.ProblemAsync(refused);
        problem.GetProperty("code").GetString().ShouldBe("verification/digest-mismatch");
        var detail = problem.GetProperty("detail").GetString()!;
        detail.ShouldContain(HexOf(header, form, Content));
        detail.ShouldContain(HexOf(header, form, changed));
        _site.Leftovers().ShouldBeEmpty();
        _site.BlobFiles().ShouldBeEmpty();
        _site.Current.Number.ShouldBe(0);

        using var taken = await _site.PutAsync("/images/a.img", Content, (header, right));
        taken.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Every_malformed_header_is_told_at_once()
    {
        using var response = await _site.PutAsync(
            "/images/a.img", Content, ("Content-MD5", "x"), ("Repr-Digest", "sha-256"), ("X-Modified", "yesterday"), ("If-None-Match", "\"a\""));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await PushSite.ProblemAsync(response);
        problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("code").GetString()).ShouldBe(
            ["verification/malformed-digest", "verification/malformed-digest", "push/modified", "push/condition"]);
    }

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T14:00:00.5+02:00", "2026-01-31T12:00:00Z")]
    [InlineData("Sat, 31 Jan 2026 12:00:00 GMT", "2026-01-31T12:00:00Z")]
    public async Task The_files_own_time_is_kept_in_whole_seconds(string stated, string kept)
    {
        using var response = await _site.PutAsync("/images/a.img", Content, ("X-Modified", stated));

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        _site.Current.Entries.Single().Modified.ShouldBe(DateTimeOffset.Parse(kept));
    }

    [Theory]
    [InlineData("/images/a/../b", "identity/path-traversal")]
    [InlineData("/images/%2e%2e/b", "identity/path-traversal")]
    [InlineData("/images/a/%2E/b", "identity/path-traversal")]
    [InlineData("/../images/b", "identity/path-traversal")]
    [InlineData("/images/..", "identity/path-traversal")]
    [InlineData("/images/a%2fb", "identity/path-character")]
    [InlineData("/images/a%5cb", "identity/path-character")]
    [InlineData("/images/a\\b", "identity/path-character")]
    [InlineData("/images/a%00b", null)]
    [InlineData("/images/a%0ab", "identity/path-character")]
    [InlineData("/images/a%7fb", "identity/path-character")]
    [InlineData("/images/a%ffb", "identity/path-encoding")]
    [InlineData("/images/a%c0%afb", "identity/path-encoding")]
    [InlineData("/images/a%ed%a0%80b", "identity/path-encoding")]
    [InlineData("/images/a%zzb", "identity/path-encoding")]
    [InlineData("/images/a%2", "identity/path-encoding")]
    [InlineData("/images//b", "identity/path-empty-segment")]
    [InlineData("//images/b", "identity/path-empty-segment")]
    [InlineData("/images/LONG256", "identity/path-too-long")]
    [InlineData("/images/LONG1025", "identity/path-too-long")]
    [InlineData("/v1/x", "identity/reserved-mirror-name")]
    [InlineData("/healthz/x", "identity/reserved-mirror-name")]
    [InlineData("/Images/x", "identity/mirror-name")]
    [InlineData("/-images/x", "identity/mirror-name")]
    [InlineData("/images", "push/file-expected")]
    [InlineData("/images/", "push/file-expected")]
    [InlineData("/images/dir/", "push/file-expected")]
    [InlineData("/", null)]
    public async Task A_bad_name_is_refused_with_its_reason_and_a_cure(string target, string? code)
    {
        target = target.Replace("LONG256", new string('a', 256), StringComparison.Ordinal)
            .Replace("LONG1025", string.Join('/', Enumerable.Repeat(new string('a', 204), 6)), StringComparison.Ordinal);
        var answer = await _site.Surface.SendRawAsync($"PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");

        if (code is null)
        {
            // NUL never gets past the HTTP server, and the root is no address of this surface.
            PushSite.StatusLine().Match(answer).Groups[1].Value.ShouldBeOneOf("400", "404");
        }
        else
        {
            PushSite.StatusLine().Match(answer).Groups[1].Value.ShouldBe("400", answer);
            var problem = JsonDocument.Parse(answer[answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]).RootElement;
            problem.GetProperty("code").GetString().ShouldBe(code);
            problem.GetProperty("cure").GetString().ShouldNotBeNullOrEmpty();
        }

        _site.Current.Number.ShouldBe(0);
        _site.BlobFiles().ShouldBeEmpty();
    }

    [Fact]
    public async Task Bytes_that_are_not_ASCII_in_the_target_are_refused()
    {
        var answer = await _site.Surface.SendRawAsync("PUT /images/\u00e9\u00ff HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        PushSite.StatusLine().Match(answer).Groups[1].Value.ShouldBe("400");
    }

    [Theory]
    [InlineData("PUT /nowhere/a.img", "", 404, "catalog/mirror-not-found")]
    [InlineData("PUT /images/a/../b", "", 400, "identity/path-traversal")]
    [InlineData("PUT /images/a.img", "If-Match: *\r\n", 412, "catalog/condition-failed")]
    [InlineData("PUT /images/a.img", "Content-Range: bytes 0-9/100\r\n", 400, "push/encoding")]
    [InlineData("PUT /images/a.img", "Content-Encoding: gzip\r\n", 415, "push/encoding")]
    [InlineData("PUT /images/a.img", "Repr-Digest: sha-256=?1\r\n", 400, "verification/malformed-digest")]
    [InlineData("PUT /images/there/a.img", "", 409, "catalog/file-and-folder")]
    [InlineData("PUT /v1/blobs/sha256:00", "", 400, "push/digest-expected")]
    [InlineData("PATCH /v1/uploads/00112233445566778899aabbccddeeff", "Content-Type: application/partial-upload\r\n", 404, "upload/not-found")]
    public async Task A_refusal_comes_before_the_body(string line, string headers, int status, string code)
    {
        (await _site.PutAsync("/images/there", Content)).EnsureSuccessStatusCode();
        using var connection = await _site.ConnectAsync();
        await connection.SendAsync($"{line} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n{headers}\r\n");

        var answer = await connection.ReceiveUntilAsync("\"code\":");

        PushSite.StatusLine().Match(answer).Groups[1].Value.ShouldBe($"{status}", answer);
        answer.ShouldContain($"\"code\":\"{code}\"");
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on()
    {
        using var connection = await _site.ConnectAsync();
        await connection.SendAsync("PUT /images/a.img HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
        (await connection.ReceiveUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 100 Continue");
        await connection.SendAsync("hello");

        (await connection.ReceiveAllAsync()).ShouldContain("HTTP/1.1 201 Created");
        Encoding.ASCII.GetString(_site.ReadFile("a.img")).ShouldBe("hello");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_cut_at_any_byte_leaves_nothing(bool hard)
    {
        int[] positions = [0, 1, 2, 100, 4095, 65_536, BlockPool.BlockSize - 1, BlockPool.BlockSize, BlockPool.BlockSize + 1, Content.Length - 1];
        foreach (var position in positions)
        {
            using var connection = await _site.ConnectAsync();
            await connection.SendAsync($"PUT /images/cut.img HTTP/1.1\r\nHost: a\r\nContent-Length: {Content.Length}\r\n\r\n");
            await connection.SendAsync(Content.AsMemory(0, position));
            await PushSite.EventuallyAsync(() => _site.Leftovers().Length == 1, "the upload begins");
            if (hard)
                connection.Cut();
            else
                connection.EndSending();
            await PushSite.EventuallyAsync(() => _site.Leftovers().Length == 0, $"cut at {position}");
        }

        foreach (var chunked in new[] { "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "zz\r\n" })
        {
            using var connection = await _site.ConnectAsync();
            await connection.SendAsync("PUT /images/cut.img HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked);
            connection.EndSending();
            (await connection.ReceiveAllAsync()).ShouldNotContain("HTTP/1.1 20");
            await PushSite.EventuallyAsync(() => _site.Leftovers().Length == 0, $"cut after '{chunked}'");
        }

        _site.BlobFiles().ShouldBeEmpty();
        _site.Current.Number.ShouldBe(0);
        (await _site.PutAsync("/images/cut.img", Content)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Of_pushes_to_one_path_at_once_each_is_whole_and_the_last_stays()
    {
        var contents = Enumerable.Range(0, 12).Select(i => MakeContent(100_000 + i)).ToArray();

        var responses = await Task.WhenAll(contents.Select(content => _site.PutAsync("/images/one.img", content)));

        var results = await Task.WhenAll(responses.Select(PushSite.ResultAsync));
        results.Select(result => result.Snapshot!.Value).Order().ShouldBe(Enumerable.Range(1, 12).Select(i => (long)i));
        var last = results.MaxBy(result => result.Snapshot)!;
        _site.ReadFile("one.img").ShouldBe(contents.Single(content => Sha256Digest.Of(content) == last.Digest));
        foreach (var result in results)
            (await _site.Catalog.OpenSnapshotAsync(PushSite.Images, result.Snapshot!.Value)).Entries.Single().Digest.ShouldBe(result.Digest);
    }

    [Fact]
    public async Task Of_pushes_that_want_to_be_first_one_is()
    {
        var contents = Enumerable.Range(0, 8).Select(i => MakeContent(50_000 + i)).ToArray();

        var responses = await Task.WhenAll(contents.Select(content => _site.PutAsync("/images/first.img", content, ("If-None-Match", "*"))));

        responses.Count(response => response.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        responses.Count(response => response.StatusCode == HttpStatusCode.PreconditionFailed).ShouldBe(7);
        _site.Current.Number.ShouldBe(1);
    }

    [Fact]
    public async Task A_replacement_can_be_bound_to_what_was_seen()
    {
        using var first = await _site.PutAsync("/images/a.img", [1]);
        var tag = first.Headers.ETag!.Tag;

        (await _site.PutAsync("/images/a.img", [2], ("If-Match", tag))).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var late = await _site.PutAsync("/images/a.img", [3], ("If-Match", tag));

        late.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        _site.ReadFile("a.img").ShouldBe([2]);
        (await _site.SendAsync(HttpMethod.Delete, "/images/a.img", null, ("If-Match", tag))).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
    }

    [Fact]
    public async Task A_removed_file_is_gone_from_the_next_snapshot_only()
    {
        (await _site.PutAsync("/images/a.img", Content)).EnsureSuccessStatusCode();
        (await _site.PutAsync("/images/b.img", [1])).EnsureSuccessStatusCode();

        var answer = await Curl.RunAsync("-X", "DELETE", $"{_site.Url}/images/a.img?note=bad%20%26%20old");

        answer.Status.ShouldBe(200);
        JsonDocument.Parse(answer.Body).RootElement.GetProperty("snapshot").GetInt64().ShouldBe(3);
        _site.Current.Entries.Select(entry => entry.Path.Value).ShouldBe(["b.img"]);
        (await _site.Catalog.OpenSnapshotAsync(PushSite.Images, 2)).Entries.Length.ShouldBe(2);
        _site.Catalog.Snapshots(PushSite.Images)[0].Note.ShouldBe("bad & old");
        using var again = await _site.SendAsync(HttpMethod.Delete, "/images/a.img");
        again.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PushSite.ProblemAsync(again)).GetProperty("code").GetString().ShouldBe("catalog/path-not-found");
    }

    [Fact]
    public async Task A_POST_without_resumption_is_refused()
    {
        using var response = await _site.SendAsync(HttpMethod.Post, "/images/a.img", Content);

        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        response.Content.Headers.Allow.ShouldContain("PUT");
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static string State(string header, string form, byte[] content)
    {
        var hash = Convert.FromHexString(HexOf(header, form, content));
        if (form == "hex")
            return Convert.ToHexStringLower(hash);
        return header == "Content-MD5" ? Convert.ToBase64String(hash) : $"{form}=:{Convert.ToBase64String(hash)}:";
    }

#pragma warning disable CA5350, CA5351 // The sender's choice.
    private static string HexOf(string header, string form, byte[] content)
        => Convert.ToHexStringLower((form == "hex" ? header["X-Checksum-".Length..] : form).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant() switch
        {
            "SHA256" => SHA256.HashData(content),
            "SHA512" => SHA512.HashData(content),
            "SHA" or "SHA1" => SHA1.HashData(content),
            "MD5" => MD5.HashData(content),
            "CRC32" => [.. System.IO.Hashing.Crc32.Hash(content).Reverse()],
            var other => throw new ArgumentException(other),
        });
#pragma warning restore CA5350, CA5351

    private string WriteFile(string name, byte[] content)
    {
        var path = Path.Combine(_site.Folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
