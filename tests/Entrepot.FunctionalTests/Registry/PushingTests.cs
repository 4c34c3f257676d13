using System.Net;
using System.Text;

namespace Entrepot.FunctionalTests.Registry;

/// <summary>OCI Distribution Specification 1.1, "Push".</summary>
public sealed class PushingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pushing_a_blob_monolithically_by_POST_then_PUT()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Encoding.UTF8.GetBytes("some bytes");
        using var begun = await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []);
        begun.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        begun.Headers.GetValues("Docker-Upload-UUID").Single().ShouldNotBeEmpty();

        using var done = await site.SendAsync("PUT", $"{Location(begun)}?digest={RegistrySite.Sha256Of(bytes)}", bytes, "application/octet-stream");

        (done.StatusCode, done.Headers.GetValues("Docker-Content-Digest").Single()).ShouldBe((HttpStatusCode.Created, RegistrySite.Sha256Of(bytes)));
        using var got = await site.SendAsync("GET", Location(done));
        (await got.Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes);
    }

    [Fact]
    public async Task Pushing_a_blob_monolithically_by_a_single_POST()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Encoding.UTF8.GetBytes("at once");

        using var done = await site.SendAsync("POST", $"/v2/apps/web/blobs/uploads/?digest={RegistrySite.Sha256Of(bytes)}", bytes);

        done.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await site.SendAsync("HEAD", Location(done))).Content.Headers.ContentLength.ShouldBe(bytes.Length);
    }

    [Fact]
    public async Task Pushing_a_blob_in_chunks_in_order_and_out_of_order()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Enumerable.Range(0, 30_000).Select(static i => (byte)i).ToArray();
        var at = Location(await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []));

        using var first = await site.SendAsync("PATCH", at, bytes[..10_000], "application/octet-stream", "0-9999");
        (first.StatusCode, first.Headers.GetValues("Range").Single()).ShouldBe((HttpStatusCode.Accepted, "0-9999"));
        using var early = await site.SendAsync("PATCH", at, bytes[20_000..], "application/octet-stream", "20000-29999");
        (early.StatusCode, await RegistrySite.CodeOfAsync(early)).ShouldBe((HttpStatusCode.RequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID"));
        using var again = await site.SendAsync("PATCH", at, bytes[..10_000], "application/octet-stream", "0-9999");
        again.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        using var wrong = await site.SendAsync("PATCH", at, bytes[10_000..20_000], "application/octet-stream", "10000-10001");
        wrong.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable, "the length is another than the range says");
        using var how = await site.SendAsync("GET", at);
        (how.StatusCode, how.Headers.GetValues("Range").Single()).ShouldBe((HttpStatusCode.NoContent, "0-9999"));
        using var second = await site.SendAsync("PATCH", at, bytes[10_000..20_000], "application/octet-stream", "10000-19999");
        second.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        using var done = await site.SendAsync("PUT", $"{at}?digest={RegistrySite.Sha256Of(bytes)}", bytes[20_000..], "application/octet-stream", "20000-29999");
        done.StatusCode.ShouldBe(HttpStatusCode.Created);

        using var got = await site.SendAsync("GET", Location(done));
        (await got.Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", at))).ShouldBe("BLOB_UPLOAD_UNKNOWN", "it has ended");
    }

    [Fact]
    public async Task A_stream_without_lengths_is_taken_as_it_comes()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Enumerable.Range(0, 300_000).Select(static i => (byte)(i * 7)).ToArray();
        var at = Location(await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []));

        using var streamed = await site.SendAsync("PATCH", at, bytes);
        streamed.Headers.GetValues("Range").Single().ShouldBe("0-299999");
        (await site.SendAsync("PUT", $"{at}?digest={RegistrySite.Sha256Of(bytes)}", [])).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_upload_is_cancelled_and_another_repositorys_is_not_gone_on_with()
    {
        await using var site = await RegistrySite.StartAsync();
        var at = Location(await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []));

        (await RegistrySite.CodeOfAsync(await site.SendAsync("PATCH", at.Replace("/web/", "/other/", StringComparison.Ordinal), [1]))).ShouldBe("BLOB_UPLOAD_UNKNOWN");
        (await site.SendAsync("HEAD", "/v1/uploads/" + at.Split('/')[^1])).StatusCode.ShouldBe(HttpStatusCode.NotFound, "nor by the API of files");
        (await site.SendAsync("DELETE", at)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("PATCH", at, [1]))).ShouldBe("BLOB_UPLOAD_UNKNOWN");
    }

    [Fact]
    public async Task A_wrong_digest_is_refused_and_leaves_nothing()
    {
        await using var site = await RegistrySite.StartAsync();
        var (bytes, other) = (Encoding.UTF8.GetBytes("these"), RegistrySite.Sha256Of(Encoding.UTF8.GetBytes("those")));

        using var once = await site.SendAsync("POST", $"/v2/apps/web/blobs/uploads/?digest={other}", bytes);
        (once.StatusCode, await RegistrySite.CodeOfAsync(once)).ShouldBe((HttpStatusCode.BadRequest, "DIGEST_INVALID"));
        var at = Location(await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []));
        using var twice = await site.SendAsync("PUT", $"{at}?digest={other}", bytes);
        (twice.StatusCode, await RegistrySite.CodeOfAsync(twice)).ShouldBe((HttpStatusCode.BadRequest, "DIGEST_INVALID"));
        foreach (var nonsense in new[] { "sha256:12", "md5:d41d8cd98f00b204e9800998ecf8427e", "nonsense" })
            (await RegistrySite.CodeOfAsync(await site.SendAsync("POST", $"/v2/apps/web/blobs/uploads/?digest={nonsense}", bytes))).ShouldBe("DIGEST_INVALID");
        (await site.SendAsync("HEAD", $"/v2/apps/web/blobs/{other}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await site.SendAsync("HEAD", $"/v2/apps/web/blobs/{RegistrySite.Sha256Of(bytes)}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Blobs_and_manifests_go_by_SHA_512_as_well()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Encoding.UTF8.GetBytes("long name");
        var digest = RegistrySite.Sha512Of(bytes);
        using var pushed = await site.SendAsync("POST", $"/v2/apps/web/blobs/uploads/?digest={digest}", bytes);
        pushed.Headers.GetValues("Docker-Content-Digest").Single().ShouldBe(digest);
        using var chunked = await site.SendAsync("PUT", $"{Location(await site.SendAsync("POST", "/v2/apps/web/blobs/uploads/", []))}?digest={digest}", bytes);
        chunked.StatusCode.ShouldBe(HttpStatusCode.Created);

        foreach (var name in new[] { digest, RegistrySite.Sha256Of(bytes) })
            (await (await site.SendAsync("GET", $"/v2/apps/web/blobs/{name}")).Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes);
        var manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{RegistrySite.ImageType}}","config":{"mediaType":"a/b","digest":"{{digest}}","size":9},"layers":[]}""");
        using var put = await site.SendAsync("PUT", $"/v2/apps/web/manifests/{RegistrySite.Sha512Of(manifest)}", manifest, RegistrySite.ImageType);
        (put.StatusCode, put.Headers.GetValues("Docker-Content-Digest").Single()).ShouldBe((HttpStatusCode.Created, RegistrySite.Sha512Of(manifest)));
        (await (await site.SendAsync("GET", $"/v2/apps/web/manifests/{RegistrySite.Sha512Of(manifest)}")).Content.ReadAsByteArrayAsync(Stop)).ShouldBe(manifest);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("PUT", $"/v2/apps/web/manifests/{RegistrySite.Sha512Of(bytes)}", manifest, RegistrySite.ImageType))).ShouldBe("DIGEST_INVALID");
    }

    [Fact]
    public async Task Mounting_a_blob_from_another_repository()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Encoding.UTF8.GetBytes("shared");
        var digest = await site.BlobAsync("apps/one", bytes);

        using var mounted = await site.SendAsync("POST", $"/v2/apps/two/blobs/uploads/?mount={digest}&from=apps/one", []);
        (mounted.StatusCode, Location(mounted)).ShouldBe((HttpStatusCode.Created, $"/v2/apps/two/blobs/{digest}"));
        using var anywhere = await site.SendAsync("POST", $"/v2/apps/three/blobs/uploads/?mount={digest}", []);
        anywhere.StatusCode.ShouldBe(HttpStatusCode.Created, "without 'from' any repository that has it will do");
        using var missing = await site.SendAsync("POST", $"/v2/apps/two/blobs/uploads/?mount={RegistrySite.Sha256Of([1, 2])}&from=apps/one", []);
        (missing.StatusCode, Location(missing)).ShouldSatisfyAllConditions(
            answer => answer.StatusCode.ShouldBe(HttpStatusCode.Accepted), answer => answer.Item2.ShouldContain("/blobs/uploads/"));
        (await site.SendAsync("HEAD", $"/v2/apps/three/blobs/{digest}")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_private_repositorys_blob_is_not_mounted_by_whoever_may_not_read_it()
    {
        await using var site = await RegistrySite.StartAsync("apps");
        await site.MirrorAsync("vault", isPrivate: true);
        var digest = await site.BlobAsync("vault/secret", Encoding.UTF8.GetBytes("secret"));
        site.Token = (await site.Site.MakeAsync(new Entrepot.Server.Api.CreateTokenRequest(["publisher"], 3600, Mirrors: ["apps"]))).Token;

        foreach (var from in new[] { "&from=vault/secret", "" })
            (await site.SendAsync("POST", $"/v2/apps/web/blobs/uploads/?mount={digest}{from}", [])).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", $"/v2/vault/secret/blobs/{digest}"))).ShouldBe("NAME_UNKNOWN");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("POST", "/v2/vault/secret/blobs/uploads/", []))).ShouldBe("DENIED");
    }

    [Fact]
    public async Task Pushing_Manifests_by_tag_and_by_digest()
    {
        await using var site = await RegistrySite.StartAsync();
        var (digest, bytes) = await site.ImageAsync("apps/web", "v1");

        using var put = await site.SendAsync("PUT", $"/v2/apps/web/manifests/{digest}", bytes, RegistrySite.ImageType);
        (put.StatusCode, Location(put), put.Headers.GetValues("Docker-Content-Digest").Single()).ShouldBe((HttpStatusCode.Created, $"/v2/apps/web/manifests/{digest}", digest));
        foreach (var reference in new[] { "v1", digest })
        {
            using var got = await site.SendAsync("GET", $"/v2/apps/web/manifests/{reference}");
            (got.Content.Headers.ContentType!.ToString(), got.Headers.GetValues("Docker-Content-Digest").Single()).ShouldBe((RegistrySite.ImageType, digest));
            (await got.Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes, "not a byte is another");
            using var head = await site.SendAsync("HEAD", $"/v2/apps/web/manifests/{reference}");
            (head.StatusCode, head.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, bytes.Length));
        }
    }

    [Fact]
    public async Task A_manifest_that_names_a_missing_blob_is_refused()
    {
        await using var site = await RegistrySite.StartAsync();
        var (config, layer) = (Encoding.UTF8.GetBytes("{}"), Encoding.UTF8.GetBytes("nowhere"));
        await site.BlobAsync("apps/web", config);
        await site.BlobAsync("apps/other", layer);

        using var put = await site.SendAsync("PUT", "/v2/apps/web/manifests/v1", RegistrySite.ManifestOf(config, layer), RegistrySite.ImageType);

        (put.StatusCode, await RegistrySite.CodeOfAsync(put)).ShouldBe((HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN"), "another repository's does not count");
        (await site.SendAsync("HEAD", "/v2/apps/web/manifests/v1")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Indexes_are_taken_nested_and_sparse_and_types_that_nobody_knows_too()
    {
        await using var site = await RegistrySite.StartAsync();
        var missing = RegistrySite.Sha256Of([9]);
        var sparse = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{RegistrySite.ImageType}}","digest":"{{missing}}","size":1}]}""");
        (await site.SendAsync("PUT", "/v2/apps/web/manifests/sparse", sparse, RegistrySite.IndexType)).StatusCode.ShouldBe(HttpStatusCode.Created);
        var nested = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{RegistrySite.IndexType}}","digest":"{{RegistrySite.Sha256Of(sparse)}}","size":{{sparse.Length}}}]}""");
        (await site.SendAsync("PUT", "/v2/apps/web/manifests/nested", nested, RegistrySite.IndexType)).StatusCode.ShouldBe(HttpStatusCode.Created);
        var unknown = Encoding.UTF8.GetBytes("""{ "what" : "ever" }""");
        (await site.SendAsync("PUT", "/v2/apps/web/manifests/unknown", unknown, "application/vnd.example+json")).StatusCode.ShouldBe(HttpStatusCode.Created);
        using var got = await site.SendAsync("GET", "/v2/apps/web/manifests/unknown");
        (got.Content.Headers.ContentType!.ToString(), await got.Content.ReadAsByteArrayAsync(Stop)).ShouldSatisfyAllConditions(
            answer => answer.Item1.ShouldBe("application/vnd.example+json"), answer => answer.Item2.ShouldBe(unknown));
    }

    [Fact]
    public async Task What_is_no_manifest_or_too_large_a_one_is_refused()
    {
        await using var site = await RegistrySite.StartAsync();
        using var none = await site.SendAsync("PUT", "/v2/apps/web/manifests/v1", Encoding.UTF8.GetBytes("{"), RegistrySite.ImageType);
        (none.StatusCode, await RegistrySite.CodeOfAsync(none)).ShouldBe((HttpStatusCode.BadRequest, "MANIFEST_INVALID"));
        using var large = await site.SendAsync("PUT", "/v2/apps/web/manifests/v1", new byte[(4 << 20) + 1], RegistrySite.ImageType);
        (large.StatusCode, await RegistrySite.CodeOfAsync(large)).ShouldBe((HttpStatusCode.RequestEntityTooLarge, "SIZE_INVALID"));
        (await RegistrySite.CodeOfAsync(await site.SendAsync("PUT", "/v2/apps/web/manifests/-v1", Encoding.UTF8.GetBytes("{}"), RegistrySite.ImageType))).ShouldBe("MANIFEST_INVALID");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("PUT", "/v2/apps/web/manifests/sha256:1", Encoding.UTF8.GetBytes("{}"), RegistrySite.ImageType))).ShouldBe("DIGEST_INVALID");
    }

    [Fact]
    public async Task Of_many_pushes_of_one_tag_at_once_one_wins_and_all_are_there()
    {
        await using var site = await RegistrySite.StartAsync();
        var pushed = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => site.ImageAsync("apps/web", "latest", $"layer {i}")));

        using var got = await site.SendAsync("GET", "/v2/apps/web/manifests/latest");
        pushed.Select(static one => one.Digest).ShouldContain(got.Headers.GetValues("Docker-Content-Digest").Single());
        foreach (var (digest, bytes) in pushed)
            (await (await site.SendAsync("GET", $"/v2/apps/web/manifests/{digest}")).Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes);
    }

    private static string Location(HttpResponseMessage answer) => answer.Headers.Location!.OriginalString;
}
