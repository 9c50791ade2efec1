from django.db import migrations, models


def fill(apps, schema_editor):
    Switch = apps.get_model("school", "ModuleSwitch")
    School = apps.get_model("school", "School")
    for school in School.objects.filter(pk__in=Switch.objects.filter(is_on=False).values("school_id")):
        school.modules_off = sorted(
            Switch.objects.filter(school_id=school.pk, is_on=False).values_list("module", flat=True)
        )
        school.save(update_fields=["modules_off"])


class Migration(migrations.Migration):

    dependencies = [
        ('school', '0002_topics'),
    ]

    operations = [
        migrations.AddField(
            model_name='school',
            name='modules_off',
            field=models.JSONField(default=list),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
