using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Registry;

/// <summary>OCI Distribution Specification 1.1, "Pull", "Content Discovery" and "Content Management".</summary>
public sealed class PullingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Determining_support()
    {
        await using var site = await RegistrySite.StartAsync();
        foreach (var surface in new[] { "push", "scheduler" })
        {
            using var answer = await site.SendAsync("GET", "/v2/", surface: surface);
            (answer.StatusCode, answer.Headers.GetValues("Docker-Distribution-API-Version").Single()).ShouldBe((HttpStatusCode.OK, "registry/2.0"));
        }
    }

    [Fact]
    public async Task Pulling_blobs_whole_and_in_ranges()
    {
        await using var site = await RegistrySite.StartAsync();
        var bytes = Enumerable.Range(0, 5000).Select(static i => (byte)(i * 3)).ToArray();
        var digest = await site.BlobAsync("apps/web", bytes);

        foreach (var surface in new[] { "push", "scheduler" })
        {
            using var head = await site.SendAsync("HEAD", $"/v2/apps/web/blobs/{digest}", surface: surface);
            (head.StatusCode, head.Content.Headers.ContentLength, head.Headers.GetValues("Docker-Content-Digest").Single()).ShouldBe((HttpStatusCode.OK, 5000, digest));
            using var request = new HttpRequestMessage(HttpMethod.Get, site.Site.Node.Network.Surfaces.First(known => known.Surface == surface).Url + $"/v2/apps/web/blobs/{digest}");
            request.Headers.Range = new RangeHeaderValue(1000, 1999);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", site.Token);
            using var part = await site.Site.Http.SendAsync(request, Stop);
            part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            (await part.Content.ReadAsByteArrayAsync(Stop)).ShouldBe(bytes[1000..2000]);
        }

        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", $"/v2/apps/web/blobs/{RegistrySite.Sha256Of([1])}"))).ShouldBe("BLOB_UNKNOWN");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", $"/v2/apps/other/blobs/{digest}"))).ShouldBe("BLOB_UNKNOWN", "another repository does not have it");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", "/v2/apps/web/blobs/sha256:x"))).ShouldBe("DIGEST_INVALID");
    }

    [Theory]
    [InlineData("/v2/apps/web/manifests/nope", HttpStatusCode.NotFound, "MANIFEST_UNKNOWN")]
    [InlineData("/v2/nothing/web/manifests/v1", HttpStatusCode.NotFound, "NAME_UNKNOWN")]
    [InlineData("/v2/files/web/manifests/v1", HttpStatusCode.NotFound, "NAME_UNKNOWN")]
    [InlineData("/v2/Apps/web/manifests/v1", HttpStatusCode.BadRequest, "NAME_INVALID")]
    [InlineData("/v2/apps/web/tags/list", HttpStatusCode.NotFound, "NAME_UNKNOWN")]
    [InlineData("/v2/apps/web/what", HttpStatusCode.NotFound, "NAME_UNKNOWN")]
    [InlineData("/v2/apps/web/blobs/uploads/nope", HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN")]
    [InlineData("/v2/apps/web/blobs/uploads/", HttpStatusCode.MethodNotAllowed, "UNSUPPORTED")]
    public async Task Errors_have_the_codes_of_the_specification(string path, HttpStatusCode status, string code)
    {
        await using var site = await RegistrySite.StartAsync();
        await site.MirrorAsync("files", isPrivate: false, format: "tree");
        using var answer = await site.SendAsync("GET", path);
        (answer.StatusCode, await RegistrySite.CodeOfAsync(answer)).ShouldBe((status, code));
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
    }

    [Fact]
    public async Task Listing_Tags_in_pages_and_in_the_order_of_their_bytes()
    {
        await using var site = await RegistrySite.StartAsync();
        foreach (var tag in new[] { "b", "a", "C", "10", "9", "_x" })
            await site.ImageAsync("apps/web", tag);

        (await TagsAsync("/v2/apps/web/tags/list")).ShouldBe(["10", "9", "C", "_x", "a", "b"]);
        using var page = await site.SendAsync("GET", "/v2/apps/web/tags/list?n=2");
        page.Headers.GetValues("Link").Single().ShouldBe("</v2/apps/web/tags/list?n=2&last=9>; rel=\"next\"");
        (await TagsAsync("/v2/apps/web/tags/list?n=2&last=9")).ShouldBe(["C", "_x"]);
        (await TagsAsync("/v2/apps/web/tags/list?n=100&last=_x")).ShouldBe(["a", "b"]);
        (await TagsAsync("/v2/apps/web/tags/list?n=0")).ShouldBeEmpty();
        using var wrong = await site.SendAsync("GET", "/v2/apps/web/tags/list?n=x");
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        async Task<List<string>> TagsAsync(string path)
        {
            using var answer = await site.SendAsync("GET", path, surface: "scheduler", anonymous: true);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            return [.. (await RegistrySite.JsonOfAsync(answer)).GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)];
        }
    }

    [Fact]
    public async Task Listing_Referrers_with_a_filter_and_the_fallback_tag_in_step()
    {
        await using var site = await RegistrySite.StartAsync();
        var (subject, _) = await site.ImageAsync("apps/web", "v1");
        (await ReferrersAsync("")).ShouldBeEmpty();
        var fallback = subject.Replace(':', '-');
        (await site.SendAsync("GET", $"/v2/apps/web/manifests/{fallback}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        using var signed = await site.SendAsync("PUT", "/v2/apps/web/manifests/sig", RegistrySite.ManifestOf(Encoding.UTF8.GetBytes("{}"), Encoding.UTF8.GetBytes("layer"), subject, "application/vnd.example.signature"), RegistrySite.ImageType);
        signed.Headers.GetValues("OCI-Subject").Single().ShouldBe(subject);
        await site.ImageAsync("apps/web", "sbom", "layer", subject, "application/vnd.example.sbom");

        (await ReferrersAsync("")).ShouldBe(["application/vnd.example.signature", "application/vnd.example.sbom"]);
        (await ReferrersAsync("?artifactType=application/vnd.example.sbom")).ShouldBe(["application/vnd.example.sbom"]);
        using var filtered = await site.SendAsync("GET", $"/v2/apps/web/referrers/{subject}?artifactType=x");
        filtered.Headers.GetValues("OCI-Filters-Applied").Single().ShouldBe("artifactType");
        using var old = await site.SendAsync("GET", $"/v2/apps/web/manifests/{fallback}");
        (old.StatusCode, (await RegistrySite.JsonOfAsync(old)).GetProperty("manifests").GetArrayLength()).ShouldBe((HttpStatusCode.OK, 2));
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", "/v2/apps/web/referrers/nonsense"))).ShouldBe("DIGEST_INVALID");

        async Task<List<string>> ReferrersAsync(string query)
        {
            using var answer = await site.SendAsync("GET", $"/v2/apps/web/referrers/{subject}{query}");
            (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()).ShouldBe((HttpStatusCode.OK, RegistrySite.IndexType));
            return [.. (await RegistrySite.JsonOfAsync(answer)).GetProperty("manifests").EnumerateArray().Select(static one => one.GetProperty("artifactType").GetString()!)];
        }
    }

    [Fact]
    public async Task Deleting_tags_manifests_and_blobs()
    {
        await using var site = await RegistrySite.StartAsync();
        var (digest, _) = await site.ImageAsync("apps/web", "v1");
        await site.ImageAsync("apps/web", "v2");
        var layer = RegistrySite.Sha256Of(Encoding.UTF8.GetBytes("layer"));

        (await site.SendAsync("DELETE", "/v2/apps/web/manifests/v1")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", "/v2/apps/web/manifests/v1"))).ShouldBe("MANIFEST_UNKNOWN");
        (await site.SendAsync("HEAD", $"/v2/apps/web/manifests/{digest}")).StatusCode.ShouldBe(HttpStatusCode.OK, "the manifest stays");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("DELETE", $"/v2/apps/web/blobs/{layer}"))).ShouldBe("DENIED", "a manifest needs it");
        (await site.SendAsync("DELETE", $"/v2/apps/web/manifests/{digest}")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("GET", "/v2/apps/web/manifests/v2"))).ShouldBe("MANIFEST_UNKNOWN", "its tags go with it");
        (await site.SendAsync("DELETE", $"/v2/apps/web/blobs/{layer}")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await RegistrySite.CodeOfAsync(await site.SendAsync("DELETE", $"/v2/apps/web/blobs/{layer}"))).ShouldBe("BLOB_UNKNOWN");
        (await RegistrySite.CodeOfAsync(await site.SendAsync("DELETE", $"/v2/apps/web/manifests/{digest}"))).ShouldBe("MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task Clients_are_told_where_to_sign_in_and_private_repositories_are_for_those_who_did()
    {
        await using var site = await RegistrySite.StartAsync("apps");
        using (var open = await site.SendAsync("GET", "/v2/", surface: "scheduler", anonymous: true))
            open.StatusCode.ShouldBe(HttpStatusCode.OK, "nothing is private yet");
        await site.MirrorAsync("vault", isPrivate: true);
        await site.ImageAsync("vault/app", "v1");
        await site.ImageAsync("apps/web", "v1");

        using var ping = await site.SendAsync("GET", "/v2/", surface: "scheduler", anonymous: true);
        (ping.StatusCode, await RegistrySite.CodeOfAsync(ping)).ShouldBe((HttpStatusCode.Unauthorized, "UNAUTHORIZED"));
        using var refused = await site.SendAsync("GET", "/v2/vault/app/manifests/v1", surface: "scheduler", anonymous: true);
        var challenge = refused.Headers.WwwAuthenticate.Single();
        (refused.StatusCode, challenge.Scheme).ShouldBe((HttpStatusCode.Unauthorized, "Bearer"));
        challenge.Parameter!.ShouldContain("scope=\"repository:vault/app:pull\"");
        var realm = challenge.Parameter!.Split('"')[1];
        (await AskAsync(null)).ShouldBe("anonymous");
        (await AskAsync("nonsense")).ShouldBe("");
        var token = await AskAsync(site.Token);

        (await StatusAsync("vault/app", "anonymous")).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("apps/web", "anonymous")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("vault/app", token)).ShouldBe(HttpStatusCode.OK);
        var other = (await site.Site.MakeAsync(new CreateTokenRequest(["viewer"], 3600, Mirrors: ["apps"]))).Token!;
        (await StatusAsync("vault/app", other)).ShouldBe(HttpStatusCode.NotFound, "as though it were not there");

        async Task<HttpStatusCode> StatusAsync(string name, string bearer)
        {
            site.Token = bearer;
            using var answer = await site.SendAsync("GET", $"/v2/{name}/manifests/v1", surface: "scheduler");
            return answer.StatusCode;
        }

        async Task<string> AskAsync(string? password)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{realm}?service=entrepot&scope=repository:vault/app:pull");
            if (password is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anybody:{password}")));
            using var answer = await site.Site.Http.SendAsync(request, Stop);
            return answer.IsSuccessStatusCode ? (await RegistrySite.JsonOfAsync(answer)).GetProperty("token").GetString()! : "";
        }
    }
}
