using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Oci;

namespace Entrepot.Tests.Mirror.Oci;

public sealed class OciManifestTests
{
    private const string Digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string Image =
        $$$"""
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{Digest}}}","size":0},
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{{Digest}}}","size":0},
        {"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"{{{Digest}}}","size":7,"urls":["https://example.com/x"]}],
        "subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{Digest}}}","size":3},"annotations":{"a":"b"}}
        """;

    [Fact]
    public void An_image_says_what_it_needs_and_what_it_is_about()
    {
        var manifest = Read(Image, "application/vnd.oci.image.manifest.v1+json; charset=utf-8");

        manifest.MediaType.ShouldBe(OciManifest.Image);
        manifest.Blobs.Length.ShouldBe(3);
        manifest.Blobs.Count(static blob => blob.IsElsewhere).ShouldBe(1);
        manifest.Subject!.Digest.ToString().ShouldBe(Digest);
        manifest.ArtifactType.ShouldBe("application/vnd.oci.image.config.v1+json", "an image without a type of its own is of its configuration's");
        manifest.Annotations.ShouldBe("""{"a":"b"}""");
    }

    [Fact]
    public void An_index_lists_manifests_that_need_not_be_there()
    {
        var manifest = Read($$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{OciManifest.Image}}","digest":"{{Digest}}","size":5}],"artifactType":"x/y"}""", null);

        manifest.MediaType.ShouldBe(OciManifest.Index, "so it looks");
        manifest.Blobs.ShouldBeEmpty();
        manifest.Manifests.ShouldHaveSingleItem().Size.ShouldBe(5);
        manifest.ArtifactType.ShouldBe("x/y");
    }

    [Fact]
    public void A_type_that_nobody_knows_is_taken_as_it_is_said()
        => Read("""{"anything":[1,2,{"deep":true}]}""", "application/vnd.example.thing+json").MediaType.ShouldBe("application/vnd.example.thing+json");

    [Fact]
    public void No_prefix_of_a_manifest_is_one()
    {
        var bytes = Encoding.UTF8.GetBytes(Image);
        for (var length = 0; length < bytes.Length; length++)
            Should.Throw<FaultException>(() => OciManifest.Read(bytes.AsMemory(0, length), null)).Fault.Is(OciFault.ManifestInvalid).ShouldBeTrue();
    }

    [Fact]
    public void Whatever_byte_is_changed_it_is_read_or_refused_by_name()
    {
        var random = new Random(11);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Image);
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                OciManifest.Read(bytes, null);
            }
            catch (FaultException error)
            {
                (error.Fault.Is(OciFault.ManifestInvalid) || error.Fault.Is(OciFault.DigestInvalid)).ShouldBeTrue(error.Fault.Code);
            }
        }
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("{}", null)]
    [InlineData("""{"schemaVersion":1}""", OciManifest.Image)]
    [InlineData("""{"schemaVersion":"2","config":{},"layers":[]}""", OciManifest.Image)]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", OciManifest.Image)]
    [InlineData("""{"schemaVersion":2}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":{}}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json"}""", OciManifest.Image)]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"sha256:x","size":1}]}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1}]}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":{"a":1}}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":[]}""", OciManifest.Index)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"manifests":[]}""", OciManifest.Index)]
    public void What_is_none_is_refused(string json, string? type)
    {
        var fault = Should.Throw<FaultException>(() => Read(json, type)).Fault;
        (fault.Is(OciFault.ManifestInvalid) || fault.Is(OciFault.DigestInvalid)).ShouldBeTrue(fault.Code);
        fault.Cure.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void A_JSON_bomb_is_refused()
    {
        Should.Throw<FaultException>(() => Read(new string('[', 100_000), "a/b")).Fault.Is(OciFault.ManifestInvalid).ShouldBeTrue();
        var many = string.Join(',', Enumerable.Repeat($$"""{"mediaType":"a","digest":"{{Digest}}","size":1}""", OciManifest.MaxDescriptors + 1));
        Should.Throw<FaultException>(() => Read($$"""{"schemaVersion":2,"manifests":[{{many}}]}""", OciManifest.Index)).Fault.Is(OciFault.ManifestInvalid).ShouldBeTrue();
    }

    private static OciManifest Read(string json, string? type) => OciManifest.Read(Encoding.UTF8.GetBytes(json), type);
}
