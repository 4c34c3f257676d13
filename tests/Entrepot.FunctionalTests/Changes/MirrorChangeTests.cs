using System.Net;
using System.Net.Http.Json;
using Entrepot.Server.Api;
using Entrepot.Trust.Changes;

namespace Entrepot.FunctionalTests.Changes;

/// <summary>Changes of mirrors at a running origin.</summary>
public sealed class MirrorChangeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mirrors_are_made_changed_and_deleted_by_one_approved_change()
    {
        await using var site = await ChangeSite.StartAsync(ChangedDocument.Mirrors);
        var (jane, raj) = (await site.SignInAsync("jane"), await site.SignInAsync("raj"));
        await ApplyAsync(site, jane, raj, "mirrors: [{name: images}, {name: old, access: private}]");
        (await site.CurrentAsync(jane, "mirrors")).ShouldContain("- name: old\n    kind: hosted\n    format: tree\n    access: private\n");

        var id = await site.ProposedAsync(jane, "mirrors", "mirrors: [{name: images, access: private, retention: {keepDays: 30}}, {name: new}]");
        var shown = await site.ShowAsync(raj, id);
        shown.Effects![0].ShouldSatisfyAllConditions(
            effect => effect.Weight.ShouldBe("danger"), effect => effect.Subject.ShouldBe("mirror old"), effect => effect.Text.ShouldStartWith("is DELETED with all that it holds"));
        shown.Effects.Select(static effect => effect.Subject).ShouldBe(["mirror old", "mirror images", "mirror images", "mirror new"]);
        await ApplyAsync(site, jane, raj, id);
        using var mirrors = await site.SendAsync("metadata", HttpMethod.Get, "/v1/mirrors", jane);
        (await mirrors.Content.ReadFromJsonAsync(ApiJson.Default.IReadOnlyListMirrorDocument, Cancellation))!.Select(static mirror => (mirror.Name, mirror.Access, mirror.Retention.KeepDays))
            .ShouldBe([("images", "private", 30), ("new", null, null)]);
        (await site.JournalAsync("mirror.")).ShouldBe(["mirror.create done", "mirror.create done", "mirror.update done", "mirror.create done", "mirror.delete done"], ignoreOrder: true);
    }

    [Fact]
    public async Task What_needs_approval_is_not_changed_directly()
    {
        await using var site = await ChangeSite.StartAsync(ChangedDocument.Mirrors);
        var (jane, raj) = (await site.SignInAsync("jane"), await site.SignInAsync("raj"));
        await ApplyAsync(site, jane, raj, "mirrors: [{name: images}]");

        (HttpMethod, string, HttpContent?)[] attempts =
        [
            (HttpMethod.Post, "/v1/mirrors", JsonContent.Create(new CreateMirrorRequest("more"), ApiJson.Default.CreateMirrorRequest)),
            (HttpMethod.Patch, "/v1/mirrors/images", JsonContent.Create(new UpdateMirrorRequest(Access: "private"), ApiJson.Default.UpdateMirrorRequest)),
            (HttpMethod.Delete, "/v1/mirrors/images", null),
        ];
        foreach (var (method, path, body) in attempts)
        {
            using var refused = await site.SendAsync("admin", method, path, site.Operator(), body);
            refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
            var text = await refused.Content.ReadAsStringAsync(Cancellation);
            text.ShouldContain("change/needs-approval");
            text.ShouldContain("entrepot change propose mirrors");
        }

        // The portfile needs none here.
        var free = await site.ProposedAsync(jane, "portfile", ChangeSite.Portfile + "# more\n");
        (await ChangeSite.CodeOfAsync(site.ApplyAsync(jane, free))).ShouldBe("");
        (await File.ReadAllTextAsync(site.PortfilePath, Cancellation)).ShouldEndWith("# more\n");
        await File.WriteAllTextAsync(site.PortfilePath, ChangeSite.Portfile, Cancellation);
        (await site.CurrentAsync(jane, "portfile")).ShouldBe(ChangeSite.Portfile, "where no approval is needed the file is the document");
    }

    [Fact]
    public async Task A_credential_for_certain_mirrors_changes_no_document_of_all()
    {
        await using var site = await ChangeSite.StartAsync();
        using var made = await site.SendAsync(
            "admin", HttpMethod.Post, "/v1/tokens", site.Operator(), JsonContent.Create(new CreateTokenRequest(["operator"], 3600, Mirrors: ["images"]), ApiJson.Default.CreateTokenRequest));
        var token = (await made.Content.ReadFromJsonAsync(ApiJson.Default.TokenDocument, Cancellation))!.Token!;
        (await ChangeSite.CodeOfAsync(site.ProposeAsync(token, "mirrors", "mirrors: [{name: other}]"))).ShouldBe("access/mirror");
        var id = await site.ProposedAsync(site.Operator(), "mirrors", "mirrors: [{name: other}]");
        (await ChangeSite.CodeOfAsync(site.ApplyAsync(token, id))).ShouldBe("access/mirror");
        foreach (var path in (string[])["/v1/documents/mirrors", "/v1/changes", $"/v1/changes/{id}"])
            (await ChangeSite.CodeOfAsync(site.SendAsync("admin", HttpMethod.Get, path, token))).ShouldBe("access/mirror", "nor does it learn of the others");
        (await ChangeSite.CodeOfAsync(site.ProposeAsync(site.Operator(), "mirrors", "mirrors: [{name: x, kind: proxy}]"))).ShouldBe("change/invalid");
    }

    [Fact]
    public async Task A_mirror_that_was_made_meanwhile_supersedes()
    {
        await using var site = await ChangeSite.StartAsync();
        var id = await site.ProposedAsync(site.Operator(), "mirrors", "mirrors: [{name: one}]");
        using var made = await site.SendAsync("admin", HttpMethod.Post, "/v1/mirrors", site.Operator(), JsonContent.Create(new CreateMirrorRequest("two"), ApiJson.Default.CreateMirrorRequest));
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await site.ShowAsync(site.Operator(), id)).BaseIsCurrent.ShouldBe(false);
        (await ChangeSite.CodeOfAsync(site.ApplyAsync(site.Operator(), id))).ShouldBe("change/superseded");
        (await site.ShowAsync(site.Operator(), id)).State.ShouldBe("superseded");
        (await site.CurrentAsync(site.Operator(), "mirrors")).ShouldNotContain("one");
    }

    private static async Task ApplyAsync(ChangeSite site, string proposer, string approver, string text) => await ApplyAsync(site, proposer, approver, await site.ProposedAsync(proposer, "mirrors", text));

    private static async Task ApplyAsync(ChangeSite site, string proposer, string approver, long id)
    {
        (await ChangeSite.CodeOfAsync(site.ApproveAsync(approver, id, site.Code("raj")))).ShouldBe("");
        (await ChangeSite.CodeOfAsync(site.ApplyAsync(proposer, id))).ShouldBe("");
    }
}
