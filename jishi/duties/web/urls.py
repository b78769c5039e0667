"""Addresses of the duty lists: for citizens, and the desk that keeps them."""

from django.urls import path

from jishi.duties.web import coverage, desk, editor, public

urlpatterns = [
    path("duties", public.browse, name="duties"),
    path("duties/whose", public.whose, name="whose"),
    path("duties/<str:number>", public.item, name="duty-item"),
    path("desk/duties", desk.editions, name="desk-duties"),
    path("desk/duties/import", desk.import_file, name="desk-duties-import"),
    path("desk/duties/<int:list_id>", desk.edition, name="desk-duties-edition"),
    path("desk/duties/<int:list_id>/items/new", editor.item, name="desk-duties-item-new"),
    path("desk/duties/<int:list_id>/items/<str:number>", editor.item, name="desk-duties-item"),
    path("desk/duties/<int:list_id>/do/<slug:verb>", desk.act, name="desk-duties-act"),
    path("desk/duties/<int:list_id>/file", desk.export, name="desk-duties-export"),
    path("desk/duties/<int:list_id>/coverage", coverage.coverage, name="desk-duties-coverage"),
    path("desk/duties/<int:list_id>/dry-run", desk.dry_run, name="desk-duties-dry-run"),
]
