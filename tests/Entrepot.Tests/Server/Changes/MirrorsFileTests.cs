using System.Text;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Changes;

namespace Entrepot.Tests.Server.Changes;

public sealed class MirrorsFileTests
{
    private static readonly Gen<MirrorInfo[]> Mirrors = Gen.Select(
        Gen.OneOf(Gen.Const("images"), Gen.Const("apt-mirror"), Gen.Const("a"), Gen.Const("zz9")), Gen.Bool, Gen.String[Gen.Char[' ', 'ÿ'], 0, 40], Gen.Int[0, 50], Gen.Int[0, 50],
        static (name, isPrivate, text, count, days) => new MirrorInfo(
            MirrorName.Parse(name), MirrorKind.Hosted, MirrorFormat.Tree, string.Concat(text.Where(static c => !char.IsControl(c))).Trim(),
            new Retention(count == 0 ? null : count, days == 0 ? null : days), DateTimeOffset.UnixEpoch) { IsPrivate = isPrivate })
        .Array[0, 4].Select(static mirrors => mirrors.DistinctBy(static mirror => mirror.Name).ToArray());

    [Fact]
    public void What_is_written_is_read_back_and_has_one_form_only()
        => Mirrors.Sample(mirrors =>
        {
            var bytes = MirrorsFile.Write(mirrors);
            var read = MirrorsFile.Read(Encoding.UTF8.GetString(bytes), "mirrors");
            read.ShouldBe(mirrors, ignoreOrder: true);
            MirrorsFile.Write(read.Reverse()).ShouldBe(bytes);
        });

    [Fact]
    public void What_is_left_out_is_as_for_a_new_mirror()
        => Encoding.UTF8.GetString(MirrorsFile.Write(MirrorsFile.Read("mirrors: [{name: images}]", "mirrors"))).ShouldBe(
            """
            mirrors:
              - name: images
                kind: hosted
                format: tree
                access: public
                description: ""
                retention:
                  keepSnapshots: 10
                  keepDays: null

            """.ReplaceLineEndings("\n"));

    [Fact]
    public void Every_error_is_told_with_its_line()
    {
        var fault = Should.Throw<FaultException>(() => MirrorsFile.Read(
            """
            mirrors:
              - {name: images, acces: private}
              - {name: IMAGES}
              - {name: other, access: secret, retention: {keepSnapshots: 0}}
              - {name: images}
              - {name: debs, format: apt}
            """, "m.yaml")).Fault;
        fault.Message.Split('\n').Select(static line => line.Split(": ")[0]).ShouldBe(["the document holds 6 errors:", "m.yaml:2:20", "m.yaml:3:12", "m.yaml:4:27", "m.yaml:4:62", "m.yaml:5:5", "m.yaml:6:5"]);
        fault.Message.ShouldContain("did you mean 'access'?");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("mirrors: images")]
    [InlineData("mirrors: [images]")]
    [InlineData("mirrors: [{kind: hosted}]")]
    [InlineData("mirrors: [{name: images, retention: 3}]")]
    [InlineData("mirrors: [{name: images}]\n---\nmirrors: []")]
    public void What_is_no_list_of_mirrors_is_refused(string text)
        => Should.Throw<FaultException>(() => MirrorsFile.Read(text, "m.yaml")).Fault.Code.ShouldBe("change/invalid");
}
